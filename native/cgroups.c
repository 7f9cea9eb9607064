// Operations on cgroups, of both versions. A cgroup is named by a hierarchy's mount point and a path beneath it.
#include "cgroup.h"

enum { V2 = CGROUP2_SUPER_MAGIC, V1 = CGROUP_SUPER_MAGIC };

long cgroup_hierarchy(struct record *r, const char *path) {
  long fd = CALL(r, openat, AT_FDCWD, path, ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (fd < 0) return fd;
  struct abi_statfs fs = {0};
  long done = CALL(r, fstatfs, fd, &fs);
  if (done == 0 && fs.type != V2 && fs.type != V1) {
    detail(r, "not a cgroup hierarchy");
    done = -EXDEV;
  }
  if (done < 0) SYS(close, fd);
  return done < 0 ? done : fd;
}

long cgroup_read(struct record *r, i32 folder, const char *name, char *to, size_t size) {
  long fd = open_beneath(r, folder, name, ABI_O_RDONLY, BELOW);
  if (fd < 0) return fd;
  long n = CALL(r, read, fd, to, size - 1);
  SYS(close, fd);
  if (n >= 0) to[n] = 0;
  return n;
}

// cgroup v1, cpusets.rst: a new cpuset has neither processors nor memory and takes no process; it gets what its
// parent has. On v2 an empty one means the parent's (cgroup-v2.rst, cpuset.cpus), and the root has no such file.
static long fill_cpuset(struct record *r, i32 parent, i32 child) {
  static const char *const names[] = {"cpuset.cpus", "cpuset.mems"};
  struct abi_statfs fs = {0};
  long kind = CALL(r, fstatfs, child, &fs);
  if (kind < 0 || fs.type == V2) return kind;
  for (int i = 0; i < 2; i++) {
    char have[8], text[1024];
    long n = cgroup_read(r, child, names[i], have, sizeof have);
    if (n == -ENOENT) return 0;
    if (n < 0 || (n > 0 && have[0] != '\n')) continue;
    n = cgroup_read(r, parent, names[i], text, sizeof text);
    if (n >= 0) n = write_file(r, child, names[i], text, BELOW, 0);
    if (n < 0) return n;
  }
  return 0;
}

// Enables "+cpu +memory" for the children of a folder; each by itself when they are refused together. A folder that is
// another user's, or holds processes, refuses all (cgroup-v2.rst, "No Internal Process Constraint"): what it has not
// enabled before is then missed by whoever writes a limit of it, and by nobody else.
static void enable(struct record *r, i32 folder, const char *controllers) {
  if (!*controllers || write_file(r, folder, "cgroup.subtree_control", controllers, BELOW, 0) >= 0) return;
  while (*controllers) {
    char word[64];
    size_t n = 0;
    for (; *controllers && *controllers != ' '; controllers++)
      if (n < sizeof word - 1) word[n++] = *controllers;
    word[n] = 0;
    while (*controllers == ' ') controllers++;
    write_file(r, folder, "cgroup.subtree_control", word, BELOW, 0);
  }
}

// One component below `folder`, which is closed. The new folder.
static long descend(struct record *r, i32 folder, const char *name, const char *controllers) {
  enable(r, folder, controllers);
  long done = CALL(r, mkdirat, folder, name, 0755);
  int made = done >= 0;
  r->value = (u64)made;
  if (made || done == -EEXIST) done = open_beneath(r, folder, name, ABI_O_RDONLY | ABI_O_DIRECTORY, BELOW);
  if (made && done >= 0) {
    long filled = fill_cpuset(r, folder, (i32)done);
    if (filled < 0) {
      SYS(close, done);
      done = filled;
    }
  }
  SYS(close, folder);
  return done;
}

// A component of a cgroup's path: its length, 0 at the end, or -errno for what is no name.
static long component(const char **path, char name[256]) {
  while (**path == '/') ++*path;
  size_t n = 0;
  while ((*path)[n] && (*path)[n] != '/') n++;
  if (n > 255) return -ENAMETOOLONG;
  memcpy(name, *path, n);
  name[n] = 0;
  if (str_equal(name, ".") || str_equal(name, "..")) return -EINVAL;
  *path += n;
  return (long)n;
}

long op_make_cgroup(struct execution *e, const struct op_make_cgroup *o, struct record *r) {
  long folder = cgroup_hierarchy(r, o->hierarchy);
  const char *path = o->path;
  char name[256];
  while (folder >= 0) {
    long n = component(&path, name);
    if (n == 0) return slot_set(e, o->out, folder);
    if (n < 0) {
      SYS(close, folder);
      return n;
    }
    folder = descend(r, (i32)folder, name, o->controllers);
    if (folder < 0) detail(r, name);
  }
  return folder;
}

static long open_cgroup(struct record *r, const char *hierarchy, const char *path) {
  long root = cgroup_hierarchy(r, hierarchy);
  if (root < 0) return root;
  long fd = open_beneath(r, (i32)root, path, ABI_O_RDONLY | ABI_O_DIRECTORY, BELOW);
  SYS(close, root);
  return fd;
}

long op_open_cgroup(struct execution *e, const struct op_open_cgroup *o, struct record *r) {
  return slot_set(e, o->out, open_cgroup(r, o->hierarchy, o->path));
}

long op_write_cgroup(struct execution *e, const struct op_write_cgroup *o, struct record *r) {
  long done = write_file(r, slot_of(e, o->cgroup), o->file, o->value, BELOW, 0);
  return o->optional ? tolerated(r, done) : done;
}

long op_write_cgroup_first(struct execution *e, const struct op_write_cgroup_first *o, struct record *r) {
  long done = -EPROTO;
  for (u32 i = 0; i < o->files.count && i < o->values.count; i++) {
    done = write_file(r, slot_of(e, o->cgroup), o->files.at[i], o->values.at[i], BELOW, 0);
    if (done != -ENOENT || r->step != __NR_openat2) break;
  }
  return done;
}

// kernel/cgroup/cgroup.c, cgroup_procs_write_start: a thread that moves itself by `tasks` (v1) takes no lock of thread
// groups, whose first writer waits 5 to 13 ms for a grace period; through cgroup.procs everybody does.
static long join_self(struct record *r, i32 cgroup) {
  long done = write_file(r, cgroup, "tasks", "0", BELOW, 0);
  if (done != -ENOENT || r->step != __NR_openat2) return done;
  return write_file(r, cgroup, "cgroup.procs", "0", BELOW, 0);
}

long op_join_cgroup(struct execution *e, const struct op_join_cgroup *o, struct record *r) {
  i32 cgroup = slot_of(e, o->cgroup);
  if (o->who == JOIN_CGROUP_WHO_SELF) {
    long done = join_self(r, cgroup);
    // R14: what becomes a container's process keeps no folder of the host's.
    if (e->in_child) {
      SYS(close, cgroup);
      e->slots[o->cgroup] = 0;
    }
    return done;
  }
  char pid[21];
  if (e->pid == 0) return -ESRCH;
  number_text(pid, (u64)e->pid);
  return write_file(r, cgroup, "cgroup.procs", pid, BELOW, 0);
}
