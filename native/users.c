// User namespaces: their maps, and mounts whose owners are mapped.
#include <linux/wait.h>

#include "operate.h"

long open_process(struct record *r, i32 proc, i32 pid) {
  char name[21];
  number_text(name, (u64)pid);
  return open_beneath(r, proc, name, ABI_O_PATH | ABI_O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
}

long open_host_process(struct record *r, i32 pid) {
  long proc = CALL(r, openat, AT_FDCWD, "/proc", ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (proc < 0) return proc;
  long folder = open_process(r, (i32)proc, pid);
  SYS(close, proc);
  return folder;
}

static long write_maps(struct record *r, i32 folder, const char *uid_map, const char *gid_map, int deny_setgroups) {
  // user_namespaces(7): without privilege, gid_map may be written only after setgroups is denied.
  long done = deny_setgroups ? write_file(r, folder, "setgroups", "deny", IN_PROC, PROC_SUPER_MAGIC) : 0;
  if (done >= 0) done = write_file(r, folder, "gid_map", gid_map, IN_PROC, PROC_SUPER_MAGIC);
  if (done >= 0) done = write_file(r, folder, "uid_map", uid_map, IN_PROC, PROC_SUPER_MAGIC);
  return done;
}

long op_map_ids(struct execution *e, const struct op_map_ids *o, struct record *r) {
  if (e->pid == 0) return -ESRCH;
  long folder = open_host_process(r, e->pid);
  if (folder < 0) return folder;
  long done = write_maps(r, (i32)folder, o->uid_map, o->gid_map, o->deny_setgroups);
  SYS(close, folder);
  return done;
}

// Waits in a user namespace of its own until its parent lets go of the pipe, or is gone.
_Noreturn static void stand(const i32 *pipe) {
  u8 byte;
  SYS(close, pipe[1]);
  while (SYS(read, pipe[0], &byte, 1) == -EINTR) {}
  sys_exit(0);
}

static long open_users(struct record *r, i32 pid, const struct op_id_map *o) {
  long folder = open_host_process(r, pid);
  if (folder < 0) return folder;
  long done = write_maps(r, (i32)folder, o->uid_map, o->gid_map, 0);
  if (done >= 0) done = CALL(r, openat, folder, "ns/user", ABI_O_RDONLY | ABI_O_CLOEXEC, 0);
  SYS(close, folder);
  return done;
}

// mount_setattr(2), MOUNT_ATTR_IDMAP: the map is named by a user namespace, which somebody has to be in until it is
// opened.
static long new_users(struct record *r, const struct op_id_map *o) {
  i32 pipe[2];
  long done = CALL(r, pipe2, pipe, ABI_O_CLOEXEC);
  if (done < 0) return done;
  struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = ABI_SIGCHLD};
  long pid = CALL(r, clone3, &args, sizeof args);
  if (pid == 0) stand(pipe);
  done = pid < 0 ? pid : open_users(r, (i32)pid, o);
  SYS(close, pipe[0]);
  SYS(close, pipe[1]);
  if (pid > 0)
    while (SYS(wait4, pid, 0, __WALL, 0) == -EINTR) {}
  return done;
}

long op_id_map(struct execution *e, const struct op_id_map *o, struct record *r) {
  long users = o->users == NO_SLOT ? new_users(r, o) : slot_of(e, o->users);
  if (users < 0) return users;
  struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (u64)users};
  u32 flags = ABI_AT_EMPTY_PATH | (o->recursive ? ABI_AT_RECURSIVE : 0);
  long done = CALL(r, mount_setattr, slot_of(e, o->tree), "", flags, &attr, sizeof attr);
  if (o->users == NO_SLOT) SYS(close, users);
  return done;
}
