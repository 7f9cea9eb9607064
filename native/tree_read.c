// STAT and READ: objects beneath the root become entries. A running container may change the tree meanwhile, so each
// object is first held by an O_PATH descriptor and everything is asked of that.
#include "tree_read.h"

enum { XATTRS = 65536, XATTRS_IN_ALL = 512 << 10, CHUNK = 256 << 10 };

struct tree_reading tree_reading;

int tree_kind_of(const struct statx *st) {
  switch (st->stx_mode & S_IFMT) {
    case S_IFREG: return TREE_KIND_FILE;
    case S_IFDIR: return TREE_KIND_DIRECTORY;
    case S_IFLNK: return TREE_KIND_SYMLINK;
    case S_IFCHR: return TREE_KIND_CHARACTER;
    case S_IFBLK: return TREE_KIND_BLOCK;
    case S_IFIFO: return TREE_KIND_FIFO;
    default: return TREE_KIND_SOCKET;
  }
}

static long put_xattrs(const char *proc) {
  static char names[XATTRS], value[XATTRS];
  long n = TREE_STEP("listxattr", SYS(listxattr, proc, names, sizeof names));
  if (n < 0 && n != -EOPNOTSUPP && n != -ENODATA && n != -EPERM) return n;
  u64 total = 0;
  for (long at = 0; at < n; at += (long)strlen(names + at) + 1) {
    long size = TREE_STEP("getxattr", SYS(getxattr, proc, names + at, value, sizeof value));
    if (size == -ENODATA) continue;
    if (size < 0) return size;
    if ((total += (u64)size + strlen(names + at) + 10) > XATTRS_IN_ALL) return -E2BIG;
    tree_put32(1);
    tree_put_string(names + at, (u32)strlen(names + at));
    tree_put_string(value, (u32)size);
  }
  tree_put32(0);
  return 0;
}

long tree_send_entry(int fd, const struct statx *st, int kind, const char *path, const char *target) {
  char proc[TREE_PROC_NAME];
  tree_put_begin(TREE_FRAME_ENTRY);
  tree_put32((u32)kind);
  tree_put32(st->stx_mode & 07777);
  tree_put32(st->stx_uid), tree_put32(st->stx_gid);
  tree_put64((u64)st->stx_mtime.tv_sec), tree_put32(st->stx_mtime.tv_nsec);
  tree_put32(st->stx_rdev_major), tree_put32(st->stx_rdev_minor);
  tree_put64(kind == TREE_KIND_FILE ? st->stx_size : 0);
  tree_put_string(path, (u32)strlen(path));
  tree_put_string(target, (u32)strlen(target));
  long r = 0;
  if (kind == TREE_KIND_FILE || kind == TREE_KIND_DIRECTORY) r = put_xattrs(tree_proc_name(proc, fd, 0));
  else tree_put32(0);
  if (r < 0) return tree_put_drop(), r;
  tree_put32(st->stx_dev_major), tree_put32(st->stx_dev_minor), tree_put64(st->stx_ino);
  tree_put64((u64)st->stx_ctime.tv_sec), tree_put32(st->stx_ctime.tv_nsec);
  tree_put_end();
  return 0;
}

// A file that shrinks while it is read is filled up with zeros to the size that its entry told, as tar(1) does.
static long send_data(int fd, u64 left) {
  long file = tree_reopen_data(fd);
  if (file < 0) return file;
  long n = 0;
  while (left) {
    u32 most = left < CHUNK ? (u32)left : CHUNK;
    u8 *to = tree_put_data(most);
    n = TREE_STEP("read", SYS(read, file, to, most));
    if (n == -EINTR) continue;
    if (n < 0) break;
    if (n == 0) memset(to, 0, (size_t)(n = most));
    tree_put_data_end((u32)n);
    left -= (u64)n;
  }
  SYS(close, file);
  return n < 0 ? n : 0;
}

static long send_link(int fd, const struct statx *st, const char *path) {
  static char target[TREE_BOUND_PATH];
  long n = TREE_STEP("readlinkat", SYS(readlinkat, fd, "", target, sizeof target - 1));
  if (n < 0) return n;
  target[n] = 0;
  return tree_send_entry(fd, st, TREE_KIND_SYMLINK, path, target);
}

// One object; answers its kind, or -errno.
long tree_read_one(int fd, const struct statx *st, const char *path) {
  int kind = tree_kind_of(st);
  if (tree_reading.flags & TREE_FLAG_LAYER && tree_is_whiteout(st)) kind = TREE_KIND_WHITEOUT;
  int alone = kind == TREE_KIND_DIRECTORY || kind == TREE_KIND_WHITEOUT || tree_reading.flags & TREE_FLAG_APART;
  const char *first = alone ? 0 : tree_linked_before(st, path);
  long r;
  if (first) r = tree_send_entry(fd, st, TREE_KIND_HARDLINK, path, first);
  else if (kind == TREE_KIND_SYMLINK) r = send_link(fd, st, path);
  else r = tree_send_entry(fd, st, kind, path, "");
  int data = kind == TREE_KIND_FILE && !(tree_reading.flags & TREE_FLAG_BARE);
  if (r >= 0 && !first && data) r = send_data(fd, st->stx_size);
  return r < 0 ? r : kind;
}

long tree_open_entry(int root, const char *path, u32 flags, struct statx *st) {
  u64 how = O_PATH | (flags & TREE_FLAG_FOLLOW ? 0 : O_NOFOLLOW);
  long fd = TREE_STEP("openat2", tree_open_in(root, path, how, flags & TREE_FLAG_STRAIGHT ? RESOLVE_NO_SYMLINKS : 0));
  if (fd < 0) return fd;
  long r = TREE_STEP("statx", tree_stat_fd((int)fd, st));
  if (r >= 0) return fd;
  SYS(close, fd);
  return r;
}

long tree_stat(int root, struct tree_cursor *c, const char **failed_path) {
  const char *path = *failed_path = tree_take_string(c);
  u32 flags = tree_take32(c);
  if (c->bad) return -EBADMSG;
  struct statx st;
  long fd = tree_open_entry(root, path, flags, &st);
  if (fd < 0) return fd;
  int kind = tree_kind_of(&st);
  long r = kind == TREE_KIND_SYMLINK ? send_link((int)fd, &st, "") : tree_send_entry((int)fd, &st, kind, "", "");
  SYS(close, fd);
  return r;
}

long tree_read(int root, struct tree_cursor *c, const char **failed_path) {
  const char *path = *failed_path = tree_take_string(c);
  tree_reading.flags = tree_take32(c);
  if (c->bad) return -EBADMSG;
  struct statx st;
  long r = tree_reading_begin();
  long fd = r < 0 ? r : tree_open_entry(root, path, tree_reading.flags, &st);
  if (fd < 0) return fd;
  tree_reading.mount = st.stx_mnt_id;
  r = tree_read_one((int)fd, &st, "");
  if (r == TREE_KIND_DIRECTORY) {
    *failed_path = tree_reading.path;
    r = tree_walk((int)fd, 0, 0);
  }
  SYS(close, fd);
  return r < 0 ? r : 0;
}
