// Delegation (cgroups(7)): a cgroup of v2 becomes a user's.
#include "cgroup.h"

// config-linux.md, "Cgroup ownership": what is given where the kernel has no list.
static const char fallback[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

static long give_file(struct record *r, i32 folder, const char *name, u32 uid) {
  long done = CALL(r, fchownat, folder, name, uid, -1, ABI_AT_SYMLINK_NOFOLLOW);
  return done == -ENOENT ? 0 : done;  // the list names files of controllers that are not enabled here
}

static long give_listed(struct record *r, i32 folder, char *list, u32 uid) {
  long done = 0;
  while (*list && done >= 0) {
    char *name = list;
    while (*list && *list != '\n') list++;
    if (*list) *list++ = 0;
    if (*name) done = give_file(r, folder, name, uid);
  }
  return done;
}

long op_own_cgroup(struct execution *e, const struct op_own_cgroup *o, struct record *r) {
  i32 folder = slot_of(e, o->cgroup);
  char list[2048];
  struct abi_statfs fs = {0};
  long kind = CALL(r, fstatfs, folder, &fs);
  if (kind < 0) return kind;
  if (fs.type != CGROUP2_SUPER_MAGIC) {
    detail(r, "only a cgroup of v2 can be delegated safely");
    return -EXDEV;
  }
  long fd = CALL(r, openat, AT_FDCWD, "/sys/kernel/cgroup/delegate", ABI_O_RDONLY | ABI_O_CLOEXEC, 0), n = fd;
  if (fd >= 0) {
    n = CALL(r, read, fd, list, sizeof list - 1);
    SYS(close, fd);
  }
  if (n <= 0) memcpy(list, fallback, (size_t)(n = sizeof fallback - 1));
  list[n] = 0;
  long done = CALL(r, fchownat, folder, "", o->uid, -1, ABI_AT_EMPTY_PATH);
  return done < 0 ? done : give_listed(r, folder, list, o->uid);
}
