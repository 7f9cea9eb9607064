// Paths beneath a root descriptor.
#include "tree.h"

enum { RETRIES = 64, NAMES = 16384 };

const char *tree_step = "";

long tree_check_path(const char *path) {
  size_t n = strlen(path);
  if (n >= TREE_BOUND_PATH) return -ENAMETOOLONG;
  for (size_t i = 0; i < n;) {
    size_t from = i;
    while (i < n && path[i] != '/') i++;
    size_t length = i - from;
    if (!length || length > 255 || (length == 1 && path[from] == '.')) return -EINVAL;
    if (length == 2 && path[from] == '.' && path[from + 1] == '.') return -EXDEV;
    if (i < n && ++i == n) return -EINVAL;
  }
  return 0;
}

long tree_open_in(int root, const char *path, u64 flags, u64 resolve) {
  struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  long fd = -EAGAIN;
  // openat2(2), EAGAIN: a rename or mount raced with the resolution of "..".
  for (int i = 0; i < RETRIES && fd == -EAGAIN; i++) fd = SYS(openat2, root, *path ? path : ".", &how, sizeof how);
  return fd;
}

const char *tree_proc_name(char *out, int fd, const char *name) {
  static const char prefix[] = "/proc/self/fd/";
  char digits[12];
  int n = 0;
  char *p = out + sizeof prefix - 1;
  memcpy(out, prefix, sizeof prefix - 1);
  do digits[n++] = (char)('0' + fd % 10);
  while (fd /= 10);
  while (n) *p++ = digits[--n];
  if (name) {
    *p++ = '/';
    memcpy(p, name, strlen(name));
    p += strlen(name);
  }
  *p = 0;
  return out;
}

long tree_reopen(int fd, int flags) {
  char name[64];
  return SYS(openat, AT_FDCWD, tree_proc_name(name, fd, 0), flags | O_CLOEXEC);
}

long tree_reopen_data(int fd) {
  int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  long file = TREE_STEP("open", tree_reopen(fd, flags | O_NOATIME));
  return file == -EPERM ? TREE_STEP("open", tree_reopen(fd, flags)) : file;
}

long tree_hold(struct tree_cursor *c, const char **failed_path, int flags, int *held) {
  const char *path = *failed_path = tree_take_string(c);
  if (c->bad) return -EBADMSG;
  if (*held >= 0) SYS(close, *held);
  long r = TREE_STEP("open", SYS(openat, AT_FDCWD, path, flags | O_NOFOLLOW | O_CLOEXEC));
  *held = r < 0 ? -1 : (int)r;
  return r;
}

long tree_stat_fd(int fd, struct statx *st) {
  return SYS(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, st);
}

long tree_stat_at(int folder, const char *name, struct statx *st) {
  return SYS(statx, folder, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID, st);
}

// What /proc/self/fd/<fd> leads to is the object itself, even a symbolic link; a name in a folder is not followed.
long tree_set_xattr(int fd, const char *name, const char *key, const void *value, u32 size) {
  char proc[TREE_PROC_NAME];
  tree_proc_name(proc, fd, name);
  return name ? SYS(lsetxattr, proc, key, value, size, 0) : SYS(setxattr, proc, key, value, size, 0);
}

int tree_is_whiteout(const struct statx *st) {
  return (st->stx_mode & S_IFMT) == S_IFCHR && st->stx_rdev_major == 0 && st->stx_rdev_minor == 0;
}

int tree_is_opaque(int fd, const char *name) {
  char proc[TREE_PROC_NAME], value[8];
  return SYS(getxattr, tree_proc_name(proc, fd, name), "trusted.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y';
}
