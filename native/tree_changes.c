// CHANGES: what the root changes in the folder that it was copied from, as READ tells a layer: new and other objects,
// whiteouts for those that are gone, and the folders on the way to them.
#include "tree_read.h"

enum { XATTRS = 65536, CHUNK = 128 << 10 };

// The folders from the root to the one in hand. Their entries are sent when something beneath them is.
struct level {
  int fd;
  u32 length;
  struct statx st;
};

static struct level levels[TREE_BOUND_DEPTH + 1];
static u32 sent;  // levels whose entry was sent
static struct tree_time since;

static long send_levels(u32 n) {
  long r = 0;
  for (; sent < n && r >= 0; sent++) {
    struct level *l = &levels[sent];
    char after = tree_reading.path[l->length];
    tree_reading.path[l->length] = 0;
    r = tree_send_entry(l->fd, &l->st, TREE_KIND_DIRECTORY, tree_reading.path, "");
    tree_reading.path[l->length] = after;
  }
  return r;
}

// A change sets the time of a file's status to the time of the clock, which nobody in a container can set back.
static int untouched(const struct statx *st) {
  i64 sec = st->stx_ctime.tv_sec;
  return sec < since.sec || (sec == since.sec && st->stx_ctime.tv_nsec < since.nsec);
}

static long same_xattrs(const char *one, const char *other) {
  static char keys[XATTRS], others[XATTRS], value[XATTRS], another[XATTRS];
  long n = TREE_STEP("llistxattr", SYS(llistxattr, one, keys, sizeof keys));
  long m = TREE_STEP("llistxattr", SYS(llistxattr, other, others, sizeof others));
  if (n == -EOPNOTSUPP || m == -EOPNOTSUPP) return 1;
  if (n < 0 || m < 0) return n < 0 ? n : m;
  if (n != m) return 0;
  for (long at = 0; at < n; at += (long)strlen(keys + at) + 1) {
    long size = SYS(lgetxattr, one, keys + at, value, sizeof value);
    if (SYS(lgetxattr, other, keys + at, another, sizeof another) != size) return 0;
    if (size > 0 && memcmp(value, another, (size_t)size)) return 0;
  }
  return 1;
}

static long same_data(int one, int other) {
  static u8 a[CHUNK], b[CHUNK];
  for (i64 at = 0;;) {
    long n = TREE_STEP("read", SYS(pread64, one, a, CHUNK, at));
    long m = TREE_STEP("read", SYS(pread64, other, b, CHUNK, at));
    if (n < 0 || m < 0) return n < 0 ? n : m;
    if (n != m || memcmp(a, b, (size_t)n)) return 0;
    if (n == 0) return 1;
    at += n;
  }
}

static long same_files(int fd, int base, const char *name) {
  long one = TREE_STEP("open", tree_reopen(fd, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOATIME));
  if (one < 0) return one;
  long other = TREE_STEP("open", SYS(openat, base, name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC));
  long r = other < 0 ? other : same_data((int)one, (int)other);
  if (other >= 0) SYS(close, other);
  SYS(close, one);
  return r;
}

static long same_links(int fd, int base, const char *name) {
  static char a[TREE_BOUND_PATH], b[TREE_BOUND_PATH];
  long n = SYS(readlinkat, fd, "", a, sizeof a), m = SYS(readlinkat, base, name, b, sizeof b);
  return n == m && n > 0 && !memcmp(a, b, (size_t)n);
}

// Two objects of one name: the one that was opened, in the folder `in`, and the one in `base`. `certain`: no folder on the
// way was touched since the copy, so what bears the name now bore it then.
static long same(int fd, const struct statx *st, int in, int base, const char *name, const struct statx *was, int certain) {
  char one[TREE_PROC_NAME], other[TREE_PROC_NAME];
  int folder = (st->stx_mode & S_IFMT) == S_IFDIR;
  if (st->stx_mode != was->stx_mode || st->stx_uid != was->stx_uid || st->stx_gid != was->stx_gid ||
      st->stx_mtime.tv_sec != was->stx_mtime.tv_sec || st->stx_mtime.tv_nsec != was->stx_mtime.tv_nsec ||
      st->stx_rdev_major != was->stx_rdev_major || st->stx_rdev_minor != was->stx_rdev_minor)
    return 0;
  if (!folder && (st->stx_size != was->stx_size || st->stx_nlink != was->stx_nlink)) return 0;
  if (certain && untouched(st)) return 1;
  if ((st->stx_mode & S_IFMT) == S_IFLNK) return same_links(fd, base, name);
  long r = same_xattrs(tree_proc_name(one, in, name), tree_proc_name(other, base, name));
  return r == 1 && (st->stx_mode & S_IFMT) == S_IFREG ? same_files(fd, base, name) : r;
}

static long compare(int base, u32 depth, int certain);

static long compare_folder(const struct level *l, int base, const char *name, u32 depth, int changed, int certain) {
  long below = -1, r = 0;
  // Of a folder that was something else nothing was there before.
  if (base >= 0) {
    below = TREE_STEP("openat", SYS(openat, base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (below < 0 && below != -ENOTDIR && below != -ELOOP) return below;
  }
  levels[depth + 1] = *l;
  if (changed) r = send_levels(depth + 2);
  if (r >= 0) r = compare((int)below, depth + 1, certain && untouched(&l->st));
  if (sent > depth + 1) sent = depth + 1;
  if (below >= 0) SYS(close, below);
  return r;
}

static long visit(int base, const char *name, u32 length, u32 depth, int certain) {
  struct level l = {.length = length};
  struct statx was;
  // What vanished since it was listed was not there: a running container goes on.
  l.fd = (int)TREE_STEP("openat", SYS(openat, levels[depth].fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (l.fd < 0) return l.fd == -ENOENT ? 0 : l.fd;
  long r = TREE_STEP("statx", tree_stat_fd(l.fd, &l.st)), equal = 0;
  if (r >= 0 && base >= 0) r = TREE_STEP("statx", tree_stat_at(base, name, &was));
  if (r >= 0 && base >= 0) r = equal = same(l.fd, &l.st, levels[depth].fd, base, name, &was, certain);
  if (r >= 0 && (l.st.stx_mode & S_IFMT) == S_IFDIR) {
    r = compare_folder(&l, base, name, depth, !equal, certain);
  } else if (r >= 0 && !equal) {
    r = send_levels(depth + 1);
    if (r >= 0) r = tree_read_one(l.fd, &l.st, tree_reading.path);
  }
  SYS(close, l.fd);
  return r;
}

static long gone(u32 depth) {
  static const struct statx nothing;
  long r = send_levels(depth + 1);
  return r < 0 ? r : tree_send_entry(-1, &nothing, TREE_KIND_WHITEOUT, tree_reading.path, "");
}

// The folder of levels[depth] with `base`, in the order of the names of both; base -1: all of it is new.
static long compare(int base, u32 depth, int certain) {
  struct tree_names now, then = {0};
  u32 length = levels[depth].length;
  tree_step = "walk";
  if (depth >= TREE_BOUND_DEPTH) return -ELOOP;
  long r = tree_names_of(levels[depth].fd, &now);
  if (r >= 0 && base >= 0) r = tree_names_of(base, &then);
  for (long i = 0, j = 0; r >= 0 && (i < now.count || j < then.count);) {
    int order = i == now.count ? 1 : j == then.count ? -1 : tree_name_order(now.sorted[i], then.sorted[j]);
    const char *name = order > 0 ? then.sorted[j] : now.sorted[i];
    i += order <= 0, j += order >= 0;
    r = tree_reading_enter(length, name);
    if (r >= 0) r = order > 0 ? gone(depth) : visit(order < 0 ? -1 : base, name, (u32)r, depth, certain);
  }
  if (r >= 0) tree_reading.path[length] = 0;
  tree_names_forget(&now);
  return r < 0 ? r : 0;
}

long tree_changes(int root, struct tree_cursor *c, const char **failed_path) {
  const char *folder = *failed_path = tree_take_string(c);
  since.sec = (i64)tree_take64(c), since.nsec = tree_take32(c);
  tree_reading.flags = tree_take32(c);
  if (c->bad) return -EBADMSG;
  long r = tree_reading_begin();
  if (r < 0) return r;
  long base = TREE_STEP("open", SYS(openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (base < 0) return base;
  *failed_path = tree_reading.path;
  sent = 0;
  levels[0] = (struct level){.fd = root};
  r = TREE_STEP("statx", tree_stat_fd(root, &levels[0].st));
  // The root itself cannot be moved: whatever was done to it, its names are what they were.
  if (r >= 0) r = compare((int)base, 0, 1);
  SYS(close, base);
  return r;
}
