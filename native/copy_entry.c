// Copies of single objects: files, links, nodes, and what dresses them.
#include "copy_up.h"

// What this file system, or this user namespace, cannot hold stays behind.
static int cannot_hold(long error) { return error == -EOPNOTSUPP || error == -EPERM; }

static long copy_xattrs(struct copying *c, i32 from, i32 to) {
  struct record *r = c->r;
  long n = CALL(r, flistxattr, from, c->names, sizeof c->names);
  if (n < 0) return cannot_hold(n) ? 0 : n;
  for (long at = 0; at < n; at += (long)strlen(c->names + at) + 1) {
    long size = CALL(r, fgetxattr, from, c->names + at, c->value, sizeof c->value);
    if (size == -ENODATA) continue;
    if (size >= 0) size = CALL(r, fsetxattr, to, c->names + at, c->value, size, 0);
    if (size < 0 && !cannot_hold(size)) return size;
  }
  return 0;
}

static long set_times(struct record *r, i32 folder, const char *name, const struct statx *like) {
  struct __kernel_timespec times[2] = {
    {like->stx_atime.tv_sec, like->stx_atime.tv_nsec},
    {like->stx_mtime.tv_sec, like->stx_mtime.tv_nsec},
  };
  return CALL(r, utimensat, folder, name, times, name ? ABI_AT_SYMLINK_NOFOLLOW : 0);
}

// user_namespaces(7): an owner that is not mapped has no name here (EINVAL); the copy keeps its maker.
static long give(struct record *r, i32 folder, const char *name, const struct statx *like) {
  u32 flags = *name ? ABI_AT_SYMLINK_NOFOLLOW : ABI_AT_EMPTY_PATH;
  long done = CALL(r, fchownat, folder, name, like->stx_uid, like->stx_gid, flags);
  return done == -EINVAL || done == -EPERM ? 0 : done;
}

// chown(2) clears set-user-id bits and capabilities(7) of files, chmod(2) narrows an acl(5): in this order they stay.
long copy_dress(struct copying *c, i32 from, i32 to, const struct statx *like) {
  struct record *r = c->r;
  long done = give(r, to, "", like);
  if (done >= 0) done = CALL(r, fchmod, to, like->stx_mode & 07777);
  if (done >= 0) done = copy_xattrs(c, from, to);
  return done < 0 ? done : set_times(r, to, NULL, like);
}

// Through /proc/self/fd the object itself is opened, whatever has its name by now.
static long reopen(struct record *r, i32 fd) {
  char path[40] = "/proc/self/fd/";
  number_text(path + strlen(path), (u64)fd);
  return CALL(r, openat, AT_FDCWD, path, ABI_O_RDONLY | ABI_O_NONBLOCK | ABI_O_NOCTTY | ABI_O_CLOEXEC, 0);
}

// No more than the file held when it was looked at: somebody may be appending to it.
static long copy_data(struct record *r, i32 from, i32 to, u64 left) {
  while (left > 0) {
    long n = CALL(r, sendfile, to, from, 0, left < (1u << 30) ? left : 1u << 30);
    if (n == -EINTR) continue;
    if (n <= 0) return n;
    left -= (u64)n;
  }
  return 0;
}

static long copy_file(struct copying *c, i32 fd, const struct statx *like, i32 folder, const char *name) {
  struct record *r = c->r;
  long from = reopen(r, fd);
  if (from < 0) return from;
  long to = CALL(r, openat, folder, name, ABI_O_WRONLY | ABI_O_CREAT | ABI_O_EXCL | ABI_O_NOFOLLOW | ABI_O_CLOEXEC, 0600), done = to;
  if (done >= 0) done = copy_data(r, (i32)from, (i32)to, like->stx_size);
  if (done >= 0) done = copy_dress(c, (i32)from, (i32)to, like);
  if (to >= 0) SYS(close, to);
  SYS(close, from);
  return done;
}

static long copy_symlink(struct copying *c, i32 fd, const struct statx *like, i32 folder, const char *name) {
  struct record *r = c->r;
  static char target[4096];
  long done = CALL(r, readlinkat, fd, "", target, sizeof target - 1);
  if (done < 0) return done;
  target[done] = 0;
  done = CALL(r, symlinkat, target, folder, name);
  if (done >= 0) done = give(r, folder, name, like);
  return done < 0 ? done : set_times(r, folder, name, like);
}

static long copy_node(struct copying *c, const struct statx *like, i32 folder, const char *name) {
  struct record *r = c->r;
  long done = CALL(r, mknodat, folder, name, like->stx_mode, device_number(like->stx_rdev_major, like->stx_rdev_minor));
  if (done >= 0) done = give(r, folder, name, like);
  return done < 0 ? done : set_times(r, folder, name, like);
}

// The path of this file's copy if it was copied under another name; else that it is copied now is remembered. When
// there are too many of them the rest are files of their own.
static const char *copied_before(struct copying *c, const struct statx *like) {
  if (like->stx_nlink < 2) return NULL;
  u64 device = (u64)like->stx_dev_major << 32 | like->stx_dev_minor;
  for (u32 i = 0; i < c->links; i++)
    if (c->link[i].inode == like->stx_ino && c->link[i].device == device) return c->paths + c->link[i].path;
  u32 n = (u32)strlen(c->path) + 1;
  if (c->links == COPY_MOST_LINKS || c->paths_used + n > COPY_PATHS) return NULL;
  memcpy(c->paths + c->paths_used, c->path, n);
  c->link[c->links++] = (struct copy_link){like->stx_ino, device, c->paths_used};
  c->paths_used += n;
  return NULL;
}

long copy_entry(struct copying *c, i32 fd, const struct statx *like, i32 folder, const char *name) {
  struct record *r = c->r;
  const char *before = copied_before(c, like);
  if (before) return CALL(r, linkat, c->tree, before, folder, name, 0);
  switch (like->stx_mode & ABI_S_IFMT) {
    case ABI_S_IFREG: return copy_file(c, fd, like, folder, name);
    case ABI_S_IFLNK: return copy_symlink(c, fd, like, folder, name);
    default: return copy_node(c, like, folder, name);
  }
}
