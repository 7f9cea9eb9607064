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

struct dirent64 {
  u64 ino;
  i64 off;
  u16 length;
  u8 type;
  char name[];
};

static int is_dots(const char *name) { return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])); }

static long empty_folder(int folder, int depth);

// A mount in the way is neither entered nor removed: unlinkat answers EBUSY.
static long remove_at(int folder, const char *name, int depth) {
  long r = SYS(unlinkat, folder, name, 0);
  if (r != -EISDIR) return r;
  r = SYS(unlinkat, folder, name, AT_REMOVEDIR);
  if (r != -ENOTEMPTY && r != -EEXIST) return r;
  if (depth >= TREE_BOUND_DEPTH) return -ELOOP;
  struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
  long fd = SYS(openat2, folder, name, &how, sizeof how);
  if (fd < 0) return fd;
  r = empty_folder((int)fd, depth + 1);
  SYS(close, fd);
  return r < 0 ? r : SYS(unlinkat, folder, name, AT_REMOVEDIR);
}

// Removing while listing may skip names (getdents64 gives no promise), so the folder is listed until it is empty.
static long empty_folder(int folder, int depth) {
  u8 names[2048] __attribute__((aligned(8)));
  for (;;) {
    long n, removed = 0, r;
    SYS(lseek, folder, 0, 0);
    while ((n = SYS(getdents64, folder, names, sizeof names)) > 0) {
      for (long at = 0; at < n;) {
        const struct dirent64 *d = (const struct dirent64 *)(names + at);
        at += d->length;
        if (is_dots(d->name)) continue;
        if ((r = remove_at(folder, d->name, depth)) < 0 && r != -ENOENT) return r;
        removed++;
      }
    }
    if (n < 0 || !removed) return n;
  }
}

long tree_remove(int folder, const char *name) { return TREE_STEP("unlinkat", remove_at(folder, name, 0)); }
