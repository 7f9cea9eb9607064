// Walking through a tree of cgroups of any depth with one descriptor and no memory of the way: back it goes by "..",
// and from where it came it knows by its inode. Nobody can make ".." lead elsewhere: a cgroup never changes its parent.
#include "cgroup.h"

struct abi_dirent {
  u64 inode;
  i64 offset;
  u16 length;
  u8 type;
  char name[];
};

static int is_child(const struct abi_dirent *entry) {
  return entry->type == 4 /* DT_DIR */ && !str_equal(entry->name, ".") && !str_equal(entry->name, "..");
}

long cgroup_child(i32 folder, u64 after, char name[256]) {
  u8 list[2048] __attribute__((aligned(8)));
  int passed = after == 0;
  long n;
  SYS(lseek, folder, 0, 0);
  while ((n = SYS(getdents64, folder, list, sizeof list)) > 0)
    for (long at = 0; at < n; at += ((struct abi_dirent *)(list + at))->length) {
      const struct abi_dirent *entry = (struct abi_dirent *)(list + at);
      if (!is_child(entry)) continue;
      if (passed) {
        memcpy(name, entry->name, strlen(entry->name) + 1);
        return 1;
      }
      passed = entry->inode == after;
    }
  return n;
}

long cgroup_go(struct record *r, i32 *at, const char *name) {
  long fd = CALL(r, openat, *at, name, ABI_O_RDONLY | ABI_O_DIRECTORY | ABI_O_NOFOLLOW | ABI_O_CLOEXEC, 0);
  if (fd < 0) return fd;
  SYS(close, *at);
  *at = (i32)fd;
  return 0;
}

long cgroup_next(struct record *r, i32 *at, u32 *depth) {
  char name[256];
  u64 from = 0;
  for (;;) {
    long found = cgroup_child(*at, from, name);
    if (found < 0) return found;
    if (found > 0) {
      long done = cgroup_go(r, at, name);
      if (done == 0) ++*depth;
      // One that was removed meanwhile has nothing to show: its folder is looked through again.
      if (done == -ENOENT) continue;
      return done < 0 ? done : 1;
    }
    if (*depth == 0) return 0;
    struct statx info;
    long done = CALL(r, statx, *at, "", AT_EMPTY_PATH, STATX_INO, &info);
    if (done == 0) done = cgroup_go(r, at, "..");
    if (done < 0) return done;
    --*depth;
    from = info.stx_ino;
  }
}
