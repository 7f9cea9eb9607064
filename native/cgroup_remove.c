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

// The processes of this very cgroup. How many there were, or -errno.
static long kill_own(struct record *r, i32 cgroup) {
  char pids[4096];
  long n = cgroup_read(r, cgroup, "cgroup.procs", pids, sizeof pids);
  // A list that was cut may end within a number.
  while (n == sizeof pids - 1 && pids[n - 1] != '\n') n--;
  if (n <= 0) return n;
  pids[n] = 0;
  return kill_listed(pids);
}

// The processes of a cgroup and of all below it. A thread of v2 that is alone in its cgroup is not listed there
// (EOPNOTSUPP), but above.
static long kill_tree(struct record *r, i32 cgroup) {
  long at = CALL(r, openat, cgroup, ".", ABI_O_RDONLY | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0), killed = 0, more;
  if (at < 0) return at;
  i32 folder = (i32)at;
  u32 depth = 0;
  do {
    long n = kill_own(r, folder);
    if (n > 0) killed += n;
    more = cgroup_next(r, &folder, &depth);
  } while (more > 0);
  SYS(close, folder);
  return more < 0 ? more : killed;
}

// cgroup.kill is atomic (v2). v1 has nothing like it: until nobody is left, all are killed, where there is a freezer
// while they stand still: else who forks faster than the list is read would escape. A frozen process dies when it thaws.
static long kill_all(struct record *r, i32 cgroup) {
  long done = write_file(r, cgroup, "cgroup.kill", "1", BELOW, 0);
  if (done >= 0 || r->step != __NR_openat2) return done;
  for (int round = 0; round < 200; round++) {
    write_file(r, cgroup, "freezer.state", "FROZEN", BELOW, 0);
    long killed = kill_tree(r, cgroup);
    write_file(r, cgroup, "freezer.state", "THAWED", BELOW, 0);
    if (killed <= 0) return killed;
    pause_ms(1);
  }
  return -EBUSY;
}

long op_kill_cgroup(struct execution *e, const struct op_kill_cgroup *o, struct record *r) {
  return kill_all(r, slot_of(e, o->cgroup));
}

static long unlink_cgroup(struct record *r, i32 parent, const char *name) {
  long done = CALL(r, unlinkat, parent, name, ABI_AT_REMOVEDIR);
  return done == -ENOENT ? 0 : done;
}

// One without children. It stays busy until its last process is reaped, which is not this one's to wait for: bounded.
static long remove_leaf(struct record *r, i32 parent, const char *name) {
  long done = unlink_cgroup(r, parent, name);
  for (u32 wait = 1; done == -EBUSY && wait <= 512; wait *= 2) {
    long folder = open_beneath(r, parent, name, ABI_O_RDONLY | ABI_O_DIRECTORY, BELOW);
    if (folder >= 0) kill_all(r, (i32)folder);
    if (folder >= 0) SYS(close, folder);
    done = unlink_cgroup(r, parent, name);
    if (done == -EBUSY) pause_ms(wait);
  }
  return done;
}

enum { MOST_STEPS = 1 << 20 };  // whoever still makes cgroups while they are removed does not keep us for ever

// What lies below a cgroup, deepest first. An empty folder is left by "..", and is then its parent's first child.
static long remove_below(struct record *r, i32 *at) {
  u32 depth = 0;
  char name[256], inner[256];
  for (u32 step = 0; step < MOST_STEPS; step++) {
    long found = cgroup_child(*at, 0, name), done = found;
    if (found == 0 && depth == 0) return 0;
    if (found == 0) {
      done = cgroup_go(r, at, "..");
      depth--;
    } else if (found > 0 && unlink_cgroup(r, *at, name) < 0) {
      done = cgroup_go(r, at, name);
      if (done == -ENOENT) continue;
      depth++;
      if (done == 0 && cgroup_child(*at, 0, inner) == 0) {
        // It has processes instead of children.
        done = cgroup_go(r, at, "..");
        depth--;
        if (done == 0) done = remove_leaf(r, *at, name);
      }
    }
    if (done < 0) return done;
  }
  return -EBUSY;
}

static long remove_tree(struct record *r, i32 parent, const char *name) {
  long folder = open_beneath(r, parent, name, ABI_O_RDONLY | ABI_O_DIRECTORY, BELOW);
  if (folder < 0) return folder == -ENOENT ? 0 : folder;
  long done = kill_all(r, (i32)folder);
  i32 at = (i32)folder;
  if (done >= 0) done = remove_below(r, &at);
  SYS(close, at);
  return done < 0 ? done : remove_leaf(r, parent, name);
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
  // Nearly always it is empty by now.
  long done = unlink_cgroup(r, (i32)parent, name);
  if (done == -EBUSY) done = remove_tree(r, (i32)parent, name);
  SYS(close, parent);
  return done;
}
