// APPLY: entries become files, folders, links and nodes beneath the root.
#include "tree_apply.h"

#define A tree_applying

struct tree_applying tree_applying;

static long dress_fresh_folder(const struct tree_entry *e, const struct tree_parent *p, const char *name) {
  long r = tree_shed_acl(p, name);
  return r < 0 ? r : tree_dress_folder(e, p->fd, name, !tree_wants_owner(e, p) && !p->acl);
}

static long apply_folder(const struct tree_entry *e, struct tree_parent *p, char *name) {
  if (!*name) return tree_dress_folder(e, p->fd, ".", 0);
  long r = TREE_STEP("mkdirat", SYS(mkdirat, p->fd, name, e->mode & 01777));
  if (r != -EEXIST) return r < 0 ? r : dress_fresh_folder(e, p, name);
  struct statx st;
  if ((r = TREE_STEP("statx", tree_stat_at(p->fd, name, &st))) < 0) return r;
  if ((st.stx_mode & S_IFMT) == S_IFDIR) return tree_dress_folder(e, p->fd, name, 0);
  tree_step = "replace";
  if (A.flags & TREE_FLAG_KEEP_KIND) return -ENOTDIR;
  if ((r = tree_clear_way(&p, A.full, &name)) < 0) return r;
  if ((r = TREE_STEP("mkdirat", SYS(mkdirat, p->fd, name, e->mode & 01777))) < 0) return r;
  // Where a whiteout of this layer stood, what lies below stays hidden.
  if (A.flags & TREE_FLAG_LAYER && tree_is_whiteout(&st) && (r = tree_set_opaque(p->fd, name)) < 0) return r;
  return dress_fresh_folder(e, p, name);
}

// layer.md, "Whiteouts": they apply to lower layers only, so what this layer itself brought stays, and hides.
static long apply_whiteout(const struct tree_parent *p, const char *name) {
  long r = TREE_STEP("mknodat whiteout", SYS(mknodat, p->fd, name, S_IFCHR, 0));
  if (r != -EEXIST) return r;
  struct statx st;
  if ((r = TREE_STEP("statx", tree_stat_at(p->fd, name, &st))) < 0) return r;
  return (st.stx_mode & S_IFMT) == S_IFDIR ? tree_set_opaque(p->fd, name) : 0;
}

// `join` of an empty entry path: the destination itself, as a name that ends in a slash.
static long join(char *to, const char *path) {
  long r = *path ? tree_check_path(path) : 0;
  if (r < 0) return r;
  u32 n = A.base;
  if (n) to[n++] = '/';
  memcpy(to + n, path, strlen(path) + 1);
  return 0;
}

static long apply_opaque(void) {
  struct tree_parent *p;
  char *name;
  u32 n = (u32)strlen(A.full);
  if (n + 1 >= sizeof A.full) return -ENAMETOOLONG;
  if (n && A.full[n - 1] != '/') A.full[n++] = '/', A.full[n] = 0;
  long r = tree_open_parent(A.full, 1, &p, &name);
  return r < 0 ? r : tree_set_opaque(p->fd, 0);
}

static long apply_entry(struct tree_entry *e) {
  int layer = (A.flags & TREE_FLAG_LAYER) != 0;
  struct tree_parent *p;
  char *name;
  tree_step = "path";
  size_t n = strlen(e->path);
  if (n >= sizeof A.failed) return -ENAMETOOLONG;
  memcpy(A.failed, e->path, n + 1);
  long r = join(A.full, e->path);
  if (r >= 0 && e->kind == TREE_KIND_HARDLINK) r = *e->target ? join(A.target, e->target) : -EINVAL;
  if (r < 0) return r;
  if ((e->kind == TREE_KIND_OPAQUE || e->kind == TREE_KIND_WHITEOUT) && !layer) return -EINVAL;
  if (e->kind == TREE_KIND_OPAQUE) return apply_opaque();
  if (!*e->path && e->kind != TREE_KIND_DIRECTORY) return -EISDIR;
  if ((r = tree_open_parent(A.full, 1, &p, &name)) < 0) return r;
  switch (e->kind) {
    case TREE_KIND_FILE: return tree_apply_file(e, p, name);
    case TREE_KIND_DIRECTORY:
      r = apply_folder(e, p, name);
      // What is inherited in it may be another group or ACL now.
      if (e->xattr_count || e->mode & S_ISGID) tree_forget_parents();
      return r;
    case TREE_KIND_WHITEOUT: return apply_whiteout(p, name);
    default: return tree_apply_node(e, p, name);
  }
}

static long take_entry(struct tree_cursor *c) {
  struct tree_entry e;
  e.kind = tree_take32(c), e.mode = tree_take32(c);
  e.uid = tree_take32(c), e.gid = tree_take32(c);
  e.mtime.sec = (i64)tree_take64(c), e.mtime.nsec = tree_take32(c);
  e.major = tree_take32(c), e.minor = tree_take32(c);
  e.size = tree_take64(c);
  e.path = tree_take_string(c), e.target = tree_take_string(c);
  e.xattr_count = tree_take32(c);
  e.xattrs = *c;
  tree_step = "frame";
  return c->bad ? -EBADMSG : apply_entry(&e);
}

static long take_all(u64 *count) {
  struct tree_frame f;
  for (;; ++*count) {
    if (!tree_frame_next(&f)) sys_exit(0);
    tree_step = "frame";
    A.ended = f.type == TREE_FRAME_END;
    if (A.ended) return tree_set_folder_times();
    if (f.type != TREE_FRAME_ENTRY) return -EBADMSG;
    struct tree_cursor c = tree_payload(&f);
    long r = take_entry(&c);
    if (r < 0) return r;
  }
}

long tree_apply(int root, struct tree_cursor *c, const char **failed_path, u64 *count) {
  const char *path = tree_take_string(c);
  A.root = root, A.flags = tree_take32(c), A.uid = tree_take32(c), A.gid = tree_take32(c);
  A.own_uid = (u32)SYS(geteuid), A.own_gid = (u32)SYS(getegid);
  A.ended = 0, A.failed[0] = 0, A.base = (u32)strlen(path);
  *failed_path = A.failed;
  if (c->bad) return -EBADMSG;
  long r = *path ? tree_check_path(path) : 0;
  if (r < 0) return r;
  memcpy(A.full, path, A.base);
  memcpy(A.target, path, A.base);
  tree_step = "mmap";
  if ((r = tree_arena_open(&A.times, 256 << 20)) < 0) return r;
  r = TREE_STEP("openat2", tree_open_in(root, path, O_PATH | O_DIRECTORY, 0));
  if (r < 0) return r;
  SYS(close, r);
  r = take_all(count);
  tree_forget_parents();
  return r;
}

void tree_apply_drop(void) {
  struct tree_frame f;
  for (; !A.ended; A.ended = f.type == TREE_FRAME_END)
    if (!tree_frame_next(&f)) sys_exit(0);
}
