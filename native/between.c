// Being born into namespaces that exist.
//
//   executor ─ clone3(CLONE_FILES) ─▶ process between: setns … ─ clone3(CLONE_PARENT) ─▶ child
//
// Who joins a user namespace never comes back, and who is cloned with a new one has no say over the others that it
// should be in: so a process between joins them all and clones the child as its own sibling, the executor's child. It
// shares the executor's descriptors, so that the child's pidfd is there at once, and answers in the record.
#include "operate.h"

static long join_all(const struct execution *e, struct record *r) {
  // R19 (CVE-2022-36109): in a user namespace nobody may be allowed to set groups any more, so none are brought along.
  SYS(setgroups, 0, 0);
  long done = 0;
  for (u32 i = 0; done >= 0 && i < e->joined_count; i++) {
    i32 ns = slot_of(e, e->joined[i]->ns);
    u32 type = e->joined[i]->type;
    done = explain_namespace(r, ns, type, CALL(r, setns, ns, type));
  }
  return done;
}

// clone(2), CLONE_PARENT: the signal of its end is that of the process between.
static long clone_sibling(struct clone_args *args, struct record *r) {
  args->flags |= CLONE_PARENT;
  args->exit_signal = 0;
  return CALL(r, clone3, args, sizeof *args);
}

long clone_between(struct execution *e, struct clone_args *args, struct record *r) {
  if (e->joined_count == 0) return CALL(r, clone3, args, sizeof *args);
  i32 *pidfd = (i32 *)(uintptr_t)args->pidfd;
  struct clone_args between = {.flags = CLONE_FILES, .exit_signal = args->exit_signal};
  // R14: what it is, its child is from the first moment.
  SYS(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  long pid = CALL(r, clone3, &between, sizeof between);
  if (pid == 0) {
    long done = join_all(e, r);
    if (done >= 0) done = clone_sibling(args, r);
    if (done == 0) return 0;
    r->value = done < 0 ? (u64)done : (u64)(u32)*pidfd << 32 | (u32)done;
    sys_exit(0);
  }
  SYS(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (pid < 0) return pid;
  i32 status = 0;
  while (SYS(wait4, pid, &status, 0x40000000 /* __WALL */, 0) == -EINTR) {}
  if ((i64)r->value < 0) return (long)r->value;
  if (status != 0 || r->value == 0) return -ESRCH;
  *pidfd = (i32)(r->value >> 32);
  return (long)(u32)r->value;
}
