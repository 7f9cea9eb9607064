// Emptying and removing cgroups.
#include "cgroup.h"

static void pause_ms(u32 ms) {
  struct __kernel_timespec ts = {ms / 1000, (long long)(ms % 1000) * 1000000};
  SYS(nanosleep, &ts, 0);
}

// Kills each process of the list; how many there were.
static long kill_listed(char *text) {
  long killed = 0;
  while (*text) {
    i32 pid = 0;
    for (; *text >= '0' && *text <= '9'; text++) pid = pid * 10 + (*text - '0');
    if (*text) text++;
    if (pid > 0) {
      SYS(kill, pid, ABI_SIGKILL);
      killed++;
    }
  }
  return killed;
}

// cgroup.kill is atomic (v2); v1 has nothing like it: until the list stays empty, what it names is killed.
static long kill_all(struct record *r, i32 cgroup) {
  long done = write_file(r, cgroup, "cgroup.kill", "1", BELOW, 0);
  if (done >= 0 || r->step != __NR_openat2) return done;
  for (int round = 0; round < 200; round++) {
    char pids[4096];
    long n = cgroup_read(r, cgroup, "cgroup.procs", pids, sizeof pids);
    // A list that was cut may end within a number.
    while (n == sizeof pids - 1 && pids[n - 1] != '\n') n--;
    if (n <= 0) return n;
    pids[n] = 0;
    if (kill_listed(pids) == 0) return 0;
    pause_ms(1);
  }
  return -EBUSY;
}

long op_kill_cgroup(struct execution *e, const struct op_kill_cgroup *o, struct record *r) {
  return kill_all(r, slot_of(e, o->cgroup));
}

struct abi_dirent {
  u64 inode;
  i64 offset;
  u16 length;
  u8 type;
  char name[];
};

static long remove_in(struct record *r, i32 parent, const char *name, int depth);

static long remove_children(struct record *r, i32 folder, int depth) {
  u8 list[2048] __attribute__((aligned(8)));
  long n, failed = 0;
  SYS(lseek, folder, 0, 0);
  while ((n = SYS(getdents64, folder, list, sizeof list)) > 0)
    for (long at = 0; at < n; at += ((struct abi_dirent *)(list + at))->length) {
      const struct abi_dirent *entry = (struct abi_dirent *)(list + at);
      if (entry->type != 4 /* DT_DIR */ || str_equal(entry->name, ".") || str_equal(entry->name, "..")) continue;
      long done = remove_in(r, folder, entry->name, depth + 1);
      if (done < 0) failed = done;
    }
  return failed;
}

// Kills and removes bottom up. A cgroup stays busy until its last process is reaped, which is not this one's to wait
// for: bounded.
static long remove_in(struct record *r, i32 parent, const char *name, int depth) {
  if (depth > 16) return -ELOOP;
  long folder = open_beneath(r, parent, name, ABI_O_RDONLY | ABI_O_DIRECTORY, BELOW);
  if (folder < 0) return folder == -ENOENT ? 0 : folder;
  long done = CALL(r, unlinkat, parent, name, ABI_AT_REMOVEDIR);
  for (u32 wait = 1; done == -EBUSY && wait <= 512; wait *= 2) {
    kill_all(r, (i32)folder);
    remove_children(r, (i32)folder, depth);
    done = CALL(r, unlinkat, parent, name, ABI_AT_REMOVEDIR);
    if (done == -EBUSY) pause_ms(wait);
  }
  SYS(close, folder);
  return done == -ENOENT ? 0 : done;
}

// A plan that failed takes back what it made itself: a cgroup that was there before may be another's.
static int made_here(const struct execution *e, const struct op_remove_cgroup *o) {
  for (u32 i = 0; i < e->plan.count; i++) {
    const struct op *op = &e->plan.ops[i];
    if (op->code == OP_MAKE_CGROUP && e->records[i].value == 1 && str_equal(op->make_cgroup.path, o->path) &&
        str_equal(op->make_cgroup.hierarchy, o->hierarchy)) return 1;
  }
  return 0;
}

long op_remove_cgroup(struct execution *e, const struct op_remove_cgroup *o, struct record *r) {
  if (e->partial && !made_here(e, o)) return 0;
  char name[256];
  long root = cgroup_hierarchy(r, o->hierarchy);
  if (root < 0) return root;
  long parent = open_parent(r, (i32)root, o->path, BELOW, name);
  SYS(close, root);
  if (parent < 0) return parent == -ENOENT ? 0 : parent;
  long done = remove_in(r, (i32)parent, name, 0);
  SYS(close, parent);
  return done;
}
