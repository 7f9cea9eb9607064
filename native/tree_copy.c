// COPY: what is in a folder goes into the root as it is; or, with the flag `layer`, is laid upon what is there, as
// overlayfs would show it. Both folders are the engine's own, and nobody changes them meanwhile.
#include <linux/fs.h>

#include "tree_read.h"

enum { XATTRS = 65536, CHUNK = 256 << 10, SEEK_DATA_ = 3, SEEK_HOLE_ = 4 };

static int root, layer;

static int begins(const char *key, const char *prefix) {
  size_t n = strlen(prefix);
  return strlen(key) >= n && !memcmp(key, prefix, n);
}

// Neither overlayfs's own, nor xfs's way to keep an ACL, which has its name as well.
static int stays(const char *key) { return begins(key, "trusted.overlay.") || begins(key, "trusted.SGI_ACL_"); }

// A file system without this class of attributes keeps the file without it, as tar and docker do.
long tree_copy_xattrs(int from, int to, const char *name) {
  static char keys[XATTRS], value[XATTRS];
  char source[TREE_PROC_NAME], target[TREE_PROC_NAME];
  tree_proc_name(source, from, name);
  tree_proc_name(target, to, name);
  long n = TREE_STEP("llistxattr", SYS(llistxattr, source, keys, sizeof keys));
  if (n == -EOPNOTSUPP) return 0;
  for (long at = 0; at < n; at += (long)strlen(keys + at) + 1) {
    if (stays(keys + at)) continue;
    long size = TREE_STEP("lgetxattr", SYS(lgetxattr, source, keys + at, value, sizeof value));
    if (size < 0) return size;
    long r = TREE_STEP("lsetxattr", SYS(lsetxattr, target, keys + at, value, size, 0));
    if (r < 0 && r != -EOPNOTSUPP) return r;
  }
  return n < 0 ? n : 0;
}

// What is laid upon a folder brings its own attributes; and a default ACL would be inherited by what is copied into it.
static long strip_xattrs(int fd) {
  static char keys[XATTRS];
  char proc[TREE_PROC_NAME];
  long n = TREE_STEP("listxattr", SYS(listxattr, tree_proc_name(proc, fd, 0), keys, sizeof keys));
  if (n == -EOPNOTSUPP) return 0;
  for (long at = 0; at < n; at += (long)strlen(keys + at) + 1) {
    long r = TREE_STEP("removexattr", SYS(removexattr, proc, keys + at));
    if (r < 0 && r != -ENODATA) return r;
  }
  return n < 0 ? n : 0;
}

// chown(2) clears the set-id bits and security.capability, and everything before sets the times.
static long dress(int from, int to, const char *name, const struct statx *st) {
  struct tree_time both[2] = {{st->stx_atime.tv_sec, st->stx_atime.tv_nsec}, {st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec}};
  long r = TREE_STEP("fchownat", SYS(fchownat, to, name, st->stx_uid, st->stx_gid, AT_SYMLINK_NOFOLLOW));
  if (r >= 0 && (st->stx_mode & S_IFMT) != S_IFLNK)
    r = TREE_STEP("fchmodat", SYS(fchmodat, to, name, st->stx_mode & 07777));
  if (r >= 0) r = tree_copy_xattrs(from, to, name);
  return r < 0 ? r : TREE_STEP("utimensat", SYS(utimensat, to, name, both, AT_SYMLINK_NOFOLLOW));
}

static long write_range(int from, i64 in, int to, i64 out, i64 length) {
  static u8 buffer[CHUNK];
  while (length > 0) {
    long n = TREE_STEP("read", SYS(pread64, from, buffer, length < CHUNK ? length : CHUNK, in));
    if (n > 0) n = TREE_STEP("write", SYS(pwrite64, to, buffer, n, out));
    if (n <= 0) return n ? n : -EIO;
    in += n, out += n, length -= n;
  }
  return 0;
}

long tree_copy_range(int from, i64 in, int to, i64 out, i64 length) {
  while (length > 0) {
    long n = TREE_STEP("copy_file_range", SYS(copy_file_range, from, &in, to, &out, length, 0));
    // copy_file_range(2): between two file systems, or of a kind that cannot.
    if (n == -EXDEV || n == -EINVAL || n == -EOPNOTSUPP || n == -ENOSYS) return write_range(from, in, to, out, length);
    if (n <= 0) return n ? n : -EIO;
    length -= n;
  }
  return 0;
}

// Blocks are shared where the file system can do that; holes stay holes in any case.
static long copy_data(int from, int to, i64 size) {
  if (!size || SYS(ioctl, to, FICLONE, from) >= 0) return 0;
  long r = TREE_STEP("ftruncate", SYS(ftruncate, to, size));
  for (i64 at = 0; r >= 0 && at < size;) {
    i64 data = TREE_STEP("lseek", SYS(lseek, from, at, SEEK_DATA_));
    if (data == -ENXIO) break;
    if (data < 0) return data;
    at = TREE_STEP("lseek", SYS(lseek, from, data, SEEK_HOLE_));
    if (at < 0) return at;
    r = tree_copy_range(from, data, to, data, at - data);
  }
  return r;
}

static long copy_file(int from, int to, const char *name, i64 size) {
  long in = TREE_STEP("open", SYS(openat, from, name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC));
  if (in < 0) return in;
  long out = TREE_STEP("openat", SYS(openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  long r = out < 0 ? out : copy_data((int)in, (int)out, size);
  if (out >= 0) SYS(close, out);
  SYS(close, in);
  return r;
}

static long copy_link(int from, int to, const char *name) {
  static char target[TREE_BOUND_PATH];
  long n = TREE_STEP("readlinkat", SYS(readlinkat, from, name, target, sizeof target - 1));
  if (n < 0) return n;
  target[n] = 0;
  return TREE_STEP("symlinkat", SYS(symlinkat, target, to, name));
}

static long copy_node(int from, int to, const char *name, const struct statx *st) {
  const char *first = tree_linked_before(st, tree_reading.path);
  if (first) return TREE_STEP("linkat", SYS(linkat, root, first, to, name, 0));
  // include/linux/kdev_t.h, new_encode_dev: what mknod(2) takes.
  u32 device = (st->stx_rdev_minor & 0xff) | (st->stx_rdev_major << 8) | ((st->stx_rdev_minor & ~0xffu) << 12);
  u32 type = st->stx_mode & S_IFMT;
  long r = type == S_IFREG   ? copy_file(from, to, name, (i64)st->stx_size)
           : type == S_IFLNK ? copy_link(from, to, name)
                             : TREE_STEP("mknodat", SYS(mknodat, to, name, type | 0600, device));
  return r < 0 ? r : dress(from, to, name, st);
}

static long copy_all(int from, int to, u32 length, u32 depth);

static long open_folder(int in, const char *name) {
  return TREE_STEP("openat", SYS(openat, in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// The folder to copy into; 1 in *kept if it was there and stays.
static long make_folder(int from, int to, const char *name, int *kept) {
  struct statx there;
  long r = TREE_STEP("mkdirat", SYS(mkdirat, to, name, 0700));
  *kept = 0;
  if (r == -EEXIST) {
    if ((r = TREE_STEP("statx", tree_stat_at(to, name, &there))) < 0) return r;
    *kept = (there.stx_mode & S_IFMT) == S_IFDIR && !tree_is_opaque(from, name);
    if (!*kept && (r = tree_remove(to, name)) >= 0) r = TREE_STEP("mkdirat", SYS(mkdirat, to, name, 0700));
  }
  return r < 0 ? r : open_folder(to, name);
}

static long copy_folder(int from, int to, const char *name, const struct statx *st, u32 length, u32 depth) {
  int kept;
  long out = make_folder(from, to, name, &kept);
  if (out < 0) return out;
  long in = open_folder(from, name), r = in < 0 ? in : kept ? strip_xattrs((int)out) : 0;
  if (r >= 0) r = copy_all((int)in, (int)out, length, depth + 1);
  if (in >= 0) SYS(close, in);
  SYS(close, out);
  return r < 0 ? r : dress(from, to, name, st);
}

static long copy_one(int from, int to, const char *name, u32 length, u32 depth) {
  struct statx st;
  long r = TREE_STEP("statx", tree_stat_at(from, name, &st));
  if (r < 0) return r;
  int folder = (st.stx_mode & S_IFMT) == S_IFDIR;
  if (folder) return copy_folder(from, to, name, &st, length, depth);
  if (!layer) return copy_node(from, to, name, &st);
  r = tree_remove(to, name);
  if (r < 0 && r != -ENOENT) return r;
  if (tree_is_whiteout(&st)) return 0;
  r = TREE_STEP("renameat", SYS(renameat2, from, name, to, name, 0));
  return r == -EXDEV ? copy_node(from, to, name, &st) : r;
}

static long copy_all(int from, int to, u32 length, u32 depth) {
  struct tree_names in;
  tree_step = "walk";
  if (depth >= TREE_BOUND_DEPTH) return -ELOOP;
  long r = tree_names_of(from, &in);
  for (long i = 0; i < in.count && r >= 0; i++) {
    r = tree_reading_enter(length, in.sorted[i]);
    if (r >= 0) r = copy_one(from, to, in.sorted[i], (u32)r, depth);
  }
  if (r >= 0) tree_reading.path[length] = 0;
  tree_names_forget(&in);
  return r < 0 ? r : 0;
}

long tree_copy(int to, struct tree_cursor *c, const char **failed_path) {
  struct statx st;
  const char *folder = *failed_path = tree_take_string(c);
  layer = (tree_take32(c) & TREE_FLAG_LAYER) != 0;
  if (c->bad) return -EBADMSG;
  long r = tree_reading_begin();
  if (r < 0) return r;
  long from = open_folder(AT_FDCWD, folder);
  root = (int)(from < 0 ? from : TREE_STEP("open", tree_reopen(to, O_RDONLY | O_DIRECTORY)));
  *failed_path = tree_reading.path;
  r = root < 0 ? root : layer ? strip_xattrs(root) : 0;
  if (r >= 0) r = copy_all((int)from, root, 0, 0);
  if (r >= 0) r = TREE_STEP("statx", tree_stat_fd((int)from, &st));
  if (r >= 0) r = dress((int)from, root, ".", &st);
  if (root >= 0) SYS(close, root);
  if (from >= 0) SYS(close, from);
  return r;
}
