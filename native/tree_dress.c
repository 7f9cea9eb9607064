// Owner, mode, extended attributes and times of what an entry made.
#include "tree_apply.h"

#define A tree_applying

struct folder_time {
  struct tree_time mtime;
  char path[];
};

static u32 owner_of(const struct tree_entry *e) { return A.flags & TREE_FLAG_CHOWN ? A.uid : e->uid; }
static u32 group_of(const struct tree_entry *e) { return A.flags & TREE_FLAG_CHOWN ? A.gid : e->gid; }

int tree_wants_owner(const struct tree_entry *e, const struct tree_parent *p) {
  return p->setgid || owner_of(e) != A.own_uid || group_of(e) != A.own_gid;
}

long tree_shed_acl(const struct tree_parent *p, const char *name) {
  char proc[TREE_PROC_NAME];
  tree_proc_name(proc, p->fd, name);
  tree_step = "removexattr";
  const char *const keys[] = {"system.posix_acl_access", "system.posix_acl_default"};
  for (int i = 0; p->acl && i < 2; i++) {
    long r = SYS(lremovexattr, proc, keys[i]);
    if (r < 0 && r != -ENODATA && r != -EOPNOTSUPP) return r;
  }
  return 0;
}

static long set_xattrs(const struct tree_entry *e, int fd, const char *name) {
  struct tree_cursor c = e->xattrs;
  for (u32 i = 0; i < e->xattr_count; i++) {
    const char *key = tree_take_string(&c);
    u32 size;
    const u8 *value = tree_take_bytes(&c, &size);
    if (c.bad) return -EBADMSG;
    long r = TREE_STEP("setxattr", tree_set_xattr(fd, name, key, value, size));
    // A file system without this class of attributes keeps the file without it, as tar and docker do.
    if (r < 0 && r != -EOPNOTSUPP) return r;
  }
  return 0;
}

long tree_dress_node(const struct tree_entry *e, const struct tree_parent *p, const char *name) {
  struct tree_time both[2] = {e->mtime, e->mtime};
  long r = 0;
  if (tree_wants_owner(e, p))
    r = TREE_STEP("fchownat", SYS(fchownat, p->fd, name, owner_of(e), group_of(e), AT_SYMLINK_NOFOLLOW));
  if (r >= 0 && p->acl && e->kind != TREE_KIND_SYMLINK) {
    r = tree_shed_acl(p, name);
    if (r >= 0) r = TREE_STEP("fchmodat", SYS(fchmodat, p->fd, name, e->mode & 0777));
  }
  if (r >= 0 && e->xattr_count) r = set_xattrs(e, p->fd, name);
  return r < 0 ? r : TREE_STEP("utimensat", SYS(utimensat, p->fd, name, both, AT_SYMLINK_NOFOLLOW));
}

// chown(2) and write(2) clear the set-id bits and security.capability, so those come after them.
long tree_dress_file(const struct tree_entry *e, const struct tree_parent *p, int fd) {
  struct tree_time both[2] = {e->mtime, e->mtime};
  long r = 0;
  if (tree_wants_owner(e, p)) r = TREE_STEP("fchown", SYS(fchown, fd, owner_of(e), group_of(e)));
  if (r >= 0 && (p->acl || e->mode & 07000)) r = TREE_STEP("fchmod", SYS(fchmod, fd, e->mode & 07777));
  if (r >= 0 && e->xattr_count) r = set_xattrs(e, fd, 0);
  return r < 0 ? r : TREE_STEP("utimensat", SYS(utimensat, fd, 0, both, 0));
}

static long remember_time(const struct tree_entry *e) {
  u64 n = strlen(A.full) + 1;
  struct folder_time *t = tree_arena_take(&A.times, sizeof *t + n);
  if (!t) return -ENOMEM;
  t->mtime = e->mtime;
  memcpy(t->path, A.full, n);
  return 0;
}

long tree_dress_folder(const struct tree_entry *e, int in, const char *name, int plain) {
  if (plain && !(e->mode & 06000) && !e->xattr_count) return remember_time(e);
  long fd = TREE_STEP("openat", SYS(openat, in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd < 0) return fd;
  long r = TREE_STEP("fchown", SYS(fchown, fd, owner_of(e), group_of(e)));
  if (r >= 0) r = TREE_STEP("fchmod", SYS(fchmod, fd, e->mode & 07777));
  if (r >= 0) r = set_xattrs(e, (int)fd, 0);
  SYS(close, fd);
  return r < 0 ? r : remember_time(e);
}

// In the order of the entries, so that a folder that was given twice keeps its last time. One that was replaced by
// something else since is passed over.
long tree_set_folder_times(void) {
  for (u64 at = 0; at < A.times.used;) {
    const struct folder_time *t = (struct folder_time *)(A.times.base + at);
    at += (sizeof *t + strlen(t->path) + 1 + 7) & ~7ull;
    long fd = TREE_STEP("openat2", tree_open_in(A.root, t->path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0));
    if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP) continue;
    if (fd < 0) return fd;
    struct tree_time both[2] = {t->mtime, t->mtime};
    long r = TREE_STEP("utimensat", SYS(utimensat, fd, "", both, AT_EMPTY_PATH));
    SYS(close, fd);
    if (r < 0) return r;
  }
  return 0;
}
