// The folders that entries are made in, held open beneath the root.
#include "tree_apply.h"

#define A tree_applying

enum { CACHED = 16 };

static struct tree_parent parents[CACHED];
static u32 next_parent;

void tree_forget_parents(void) {
  for (u32 i = 0; i < CACHED; i++) {
    if (parents[i].fd > 0) SYS(close, parents[i].fd);
    parents[i].fd = 0;
  }
}

static struct tree_parent *find(const char *path, u32 length) {
  for (u32 i = 0; i < CACHED; i++) {
    struct tree_parent *p = &parents[i];
    if (p->fd > 0 && p->length == length && !memcmp(p->path, path, length)) return p;
  }
  return 0;
}

long tree_set_opaque(int folder, const char *name) {
  const char *key = A.flags & TREE_FLAG_USERXATTR ? "user.overlay.opaque" : "trusted.overlay.opaque";
  return TREE_STEP("setxattr overlay.opaque", tree_set_xattr(folder, name, key, "y", 1));
}

// A folder where a whiteout of this layer stands hides what is below it, so it is opaque.
static long make_folder(int in, const char *name) {
  long r = TREE_STEP("mkdirat", SYS(mkdirat, in, name, 0755));
  if (r != -EEXIST) return r;
  struct statx st;
  if ((r = TREE_STEP("statx", tree_stat_at(in, name, &st))) < 0) return r;
  tree_step = "mkdirat";
  if (!(A.flags & TREE_FLAG_LAYER) || !tree_is_whiteout(&st)) return -ENOTDIR;
  if ((r = tree_remove(in, name)) < 0 || (r = TREE_STEP("mkdirat", SYS(mkdirat, in, name, 0755))) < 0) return r;
  return tree_set_opaque(in, name);
}

static long make_and_open(int in, const char *name) {
  long r = make_folder(in, name);
  if (r >= 0 && A.flags & TREE_FLAG_CHOWN)
    r = TREE_STEP("fchownat", SYS(fchownat, in, name, A.uid, A.gid, AT_SYMLINK_NOFOLLOW));
  if (r < 0) return r;
  return TREE_STEP("openat", SYS(openat, in, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Makes the folders of `path` that are missing; they belong to root, or to whom everything here belongs.
static long make_parents(char *path, u32 length) {
  long fd = TREE_STEP("openat2", tree_open_in(A.root, "", O_PATH | O_DIRECTORY, 0));
  for (u32 from = 0, to; fd >= 0 && from < length; from = to + 1) {
    for (to = from; to < length && path[to] != '/'; to++) {}
    char after = path[to];
    path[to] = 0;
    long next = TREE_STEP("openat2", tree_open_in(A.root, path, O_PATH | O_DIRECTORY, 0));
    if (next == -ENOENT || next == -ENOTDIR) next = make_and_open((int)fd, path + from);
    path[to] = after;
    SYS(close, fd);
    fd = next;
  }
  return fd;
}

static int has_default_acl(int folder) {
  char proc[TREE_PROC_NAME];
  return SYS(getxattr, tree_proc_name(proc, folder, 0), "system.posix_acl_default", 0, 0) > 0;
}

long tree_open_parent(char *path, int make, struct tree_parent **out, char **name) {
  u32 cut = (u32)strlen(path);
  while (cut && path[cut - 1] != '/') cut--;
  *name = path + cut;
  if (cut) cut--;
  if (cut >= TREE_BOUND_PATH) return -ENAMETOOLONG;
  if ((*out = find(path, cut))) return 0;
  char after = path[cut];
  path[cut] = 0;
  long fd = TREE_STEP("openat2", tree_open_in(A.root, path, O_PATH | O_DIRECTORY, 0));
  if (make && (fd == -ENOENT || fd == -ENOTDIR)) fd = make_parents(path, cut);
  path[cut] = after;
  struct statx st;
  if (fd < 0) return fd;
  long r = TREE_STEP("statx", tree_stat_fd((int)fd, &st));
  if (r < 0) return SYS(close, fd), r;
  struct tree_parent *p = &parents[next_parent++ % CACHED];
  if (p->fd > 0) SYS(close, p->fd);
  p->fd = (int)fd;
  p->setgid = (st.stx_mode & S_ISGID) != 0;
  p->acl = A.flags & TREE_FLAG_LAYER && has_default_acl((int)fd);
  p->length = cut;
  memcpy(p->path, path, cut);
  *out = p;
  return 0;
}

long tree_clear_way(struct tree_parent **p, char *path, char **name) {
  struct statx st;
  long r = TREE_STEP("statx", tree_stat_at((*p)->fd, *name, &st));
  if (r < 0) return r;
  u32 type = st.stx_mode & S_IFMT;
  tree_step = "replace";
  if (type == S_IFDIR && A.flags & TREE_FLAG_KEEP_KIND) return -EISDIR;
  if ((r = tree_remove((*p)->fd, *name)) < 0) return r;
  if (type != S_IFDIR && type != S_IFLNK) return 0;
  tree_forget_parents();
  return tree_open_parent(path, 1, p, name);
}
