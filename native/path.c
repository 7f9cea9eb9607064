// Container paths: always beneath a descriptor, never strings that are trusted (R1, R6, R9).
#include "operate.h"

static const char *relative(const char *path) {
  while (*path == '/') path++;
  return *path ? path : ".";
}

long open_beneath(struct record *r, i32 root, const char *path, u64 flags, u64 resolve) {
  struct open_how how = {.flags = flags | ABI_O_CLOEXEC, .mode = 0, .resolve = resolve};
  long fd = -EAGAIN;
  for (int tries = 0; tries < 64 && (fd == -EAGAIN || fd == -EINTR); tries++)
    fd = CALL(r, openat2, root, relative(path), &how, sizeof how);
  return fd;
}

// The last component of a path without its trailing slashes: its start and end.
static void last_component(const char *path, size_t *start, size_t *end) {
  size_t n = strlen(path);
  while (n > 0 && path[n - 1] == '/') n--;
  *end = n;
  while (n > 0 && path[n - 1] != '/') n--;
  *start = n;
}

static int is_dots(const char *name, size_t n) { return n == 0 || (n <= 2 && name[0] == '.' && (n == 1 || name[1] == '.')); }

long open_parent(struct record *r, i32 root, const char *path, u64 resolve, char name[256]) {
  char folder[4096];
  size_t start, end;
  last_component(path, &start, &end);
  if (end - start > 255 || start >= sizeof folder) return -ENAMETOOLONG;
  if (is_dots(path + start, end - start)) return -EINVAL;
  memcpy(folder, path, start);
  folder[start] = 0;
  memcpy(name, path + start, end - start);
  name[end - start] = 0;
  return open_beneath(r, root, folder, ABI_O_PATH | ABI_O_DIRECTORY, resolve);
}

long file_mode(struct record *r, i32 fd, struct statx *out) {
  return CALL(r, statx, fd, "", ABI_AT_EMPTY_PATH, STATX_BASIC_STATS, out);
}

static long make_one(struct record *r, i32 root, const char *path, u32 mode, int directory) {
  char name[256];
  long folder = open_parent(r, root, path, IN_ROOT, name);
  if (folder < 0) return folder;
  long made;
  if (directory) made = CALL(r, mkdirat, folder, name, mode);
  else made = CALL(r, openat, folder, name, ABI_O_WRONLY | ABI_O_CREAT | ABI_O_EXCL | ABI_O_NOFOLLOW | ABI_O_CLOEXEC, mode);
  if (!directory && made >= 0) SYS(close, made);
  SYS(close, folder);
  return made < 0 ? made : 0;
}

long make_missing(struct record *r, i32 root, const char *path, u32 mode, int directory) {
  char prefix[4096];
  size_t n = strlen(path);
  if (n >= sizeof prefix) return -ENAMETOOLONG;
  while (n > 0 && path[n - 1] == '/') n--;
  for (size_t at = 1; at <= n; at++) {
    int last = at == n;
    if (!last && (path[at] != '/' || path[at - 1] == '/')) continue;
    memcpy(prefix, path, at);
    prefix[at] = 0;
    long there = open_beneath(r, root, prefix, ABI_O_PATH, IN_ROOT);
    if (there >= 0) {
      SYS(close, there);
      continue;
    }
    long made = there == -ENOENT ? make_one(r, root, prefix, last ? mode : 0755, last ? directory : 1) : there;
    if (made < 0) {
      detail(r, prefix);
      // EEXIST here is a symbolic link whose target is missing: nothing is made at its other end.
      return made == -EEXIST ? -ENOENT : made;
    }
  }
  return 0;
}

long write_file(struct record *r, i32 folder, const char *path, const char *data, u64 resolve, long magic) {
  long fd = open_beneath(r, folder, path, ABI_O_WRONLY, resolve);
  if (fd < 0) return fd;
  struct abi_statfs fs = {0};
  long done = magic ? CALL(r, fstatfs, fd, &fs) : 0;
  if (done == 0 && magic && fs.type != magic) {
    r->step = NO_STEP;
    detail(r, "not on the file system that it should be on");
    done = -EXDEV;
  }
  size_t n = strlen(data);
  if (done == 0) done = CALL(r, write, fd, data, n);
  if (done >= 0 && (size_t)done < n && n > 0) done = -EIO;
  SYS(close, fd);
  return done < 0 ? done : 0;
}
