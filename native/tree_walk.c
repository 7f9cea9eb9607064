// Walks a tree in the order of its names, each folder held open, and knows inodes again.
#include "tree_read.h"

enum { SLOTS = 1 << 20 };

struct link {
  u64 inode, device;
  const char *path;
};

static struct tree_arena names, paths, links;
static u32 linked;

long tree_reading_begin(void) {
  tree_step = "mmap";
  long r = tree_arena_open(&names, 512 << 20);
  if (r >= 0) r = tree_arena_open(&paths, 256 << 20);
  if (r < 0) return r;
  if ((r = tree_arena_open(&links, SLOTS * sizeof(struct link))) < 0) return r;
  if (linked) memset(links.base, 0, links.size);
  linked = 0;
  tree_reading.path[0] = 0;
  return 0;
}

const char *tree_linked_before(const struct statx *st, const char *path) {
  if (st->stx_nlink < 2 || linked > SLOTS / 2) return 0;
  u64 device = (u64)st->stx_dev_major << 32 | st->stx_dev_minor;
  struct link *table = (struct link *)links.base;
  u64 at = (st->stx_ino * 0x9e3779b97f4a7c15ull) >> 44;
  for (; table[at].path; at = (at + 1) & (SLOTS - 1))
    if (table[at].inode == st->stx_ino && table[at].device == device) return table[at].path;
  u64 n = strlen(path) + 1;
  char *kept = tree_arena_take(&paths, n);
  if (!kept) return 0;
  memcpy(kept, path, n);
  table[at] = (struct link){st->stx_ino, device, kept};
  linked++;
  return 0;
}

// Pushes every name onto the arena; answers how many, or -errno.
static long list(int fd) {
  static u8 buffer[32768] __attribute__((aligned(8)));
  long folder = TREE_STEP("openat", SYS(openat, fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), n, count = 0;
  if (folder < 0) return folder;
  while ((n = TREE_STEP("getdents64", SYS(getdents64, folder, buffer, sizeof buffer))) > 0) {
    for (long at = 0; at < n; at += ((struct dirent64 *)(buffer + at))->length) {
      const char *name = ((struct dirent64 *)(buffer + at))->name;
      if (tree_is_dots(name)) continue;
      char *kept = tree_arena_take(&names, strlen(name) + 1);
      if (!kept) return SYS(close, folder), -ENOMEM;
      memcpy(kept, name, strlen(name) + 1);
      count++;
    }
  }
  SYS(close, folder);
  return n < 0 ? n : count;
}

int tree_name_order(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (u8)*a - (u8)*b;
}

static int before(const char *a, const char *b) { return tree_name_order(a, b) < 0; }

static void sift(const char **v, u64 at, u64 n) {
  for (u64 child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && before(v[child], v[child + 1])) child++;
    if (!before(v[at], v[child])) return;
    const char *t = v[at];
    v[at] = v[child], v[child] = t;
  }
}

static void sort(const char **v, u64 n) {
  for (u64 i = n / 2; i--;) sift(v, i, n);
  for (u64 i = n; i > 1;) {
    const char *t = v[--i];
    v[i] = v[0], v[0] = t;
    sift(v, 0, i);
  }
}

static long send_opaque(int fd, const struct statx *st) {
  return tree_is_opaque(fd, 0) ? tree_send_entry(fd, st, TREE_KIND_OPAQUE, tree_reading.path, "") : 0;
}

static long visit(int folder, const char *name, u32 length, u32 depth) {
  struct statx st;
  // What vanished since it was listed was not there: a running container goes on.
  long fd = TREE_STEP("openat", SYS(openat, folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (fd < 0) return fd == -ENOENT ? 0 : fd;
  long r = TREE_STEP("statx", tree_stat_fd((int)fd, &st));
  if (r >= 0) r = tree_read_one((int)fd, &st, tree_reading.path);
  if (r == TREE_KIND_DIRECTORY && tree_reading.flags & TREE_FLAG_LAYER) {
    long sent = send_opaque((int)fd, &st);
    if (sent < 0) r = sent;
  }
  int other = st.stx_mnt_id != tree_reading.mount && tree_reading.flags & TREE_FLAG_ONE_MOUNT;
  int ends = other || tree_reading.flags & TREE_FLAG_SHALLOW;
  if (r == TREE_KIND_DIRECTORY && !ends) r = tree_walk((int)fd, length, depth + 1);
  SYS(close, fd);
  return r < 0 ? r : 0;
}

long tree_names_of(int fd, struct tree_names *out) {
  out->mark = names.used;
  out->count = list(fd);
  if (out->count < 0) return out->count;
  out->sorted = tree_arena_take(&names, (u64)out->count * sizeof *out->sorted);
  if (!out->sorted) return -ENOMEM;
  const char *name = (const char *)names.base + out->mark;
  for (long i = 0; i < out->count; i++) {
    out->sorted[i] = name;
    name += (strlen(name) + 1 + 7) & ~7ull;
  }
  sort(out->sorted, (u64)out->count);
  return out->count;
}

void tree_names_forget(const struct tree_names *n) { names.used = n->mark; }

long tree_reading_enter(u32 length, const char *name) {
  u32 base = length ? length + 1 : 0, size = (u32)strlen(name);
  tree_step = "walk";
  if (base + size >= TREE_BOUND_PATH) return -ENAMETOOLONG;
  if (length) tree_reading.path[length] = '/';
  memcpy(tree_reading.path + base, name, size + 1);
  return base + size;
}

long tree_walk(int fd, u32 length, u32 depth) {
  struct tree_names in;
  tree_step = "walk";
  if (depth >= TREE_BOUND_DEPTH) return -ELOOP;
  long r = tree_names_of(fd, &in);
  for (long i = 0; i < in.count && r >= 0; i++) {
    r = tree_reading_enter(length, in.sorted[i]);
    if (r >= 0) r = visit(fd, in.sorted[i], (u32)r, depth);
  }
  // After an error the path goes on naming what failed.
  if (r >= 0) tree_reading.path[length] = 0;
  tree_names_forget(&in);
  return r < 0 ? r : 0;
}
