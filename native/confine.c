// Operations that give up privilege. Each is one or a few raw system calls; those that may follow `seccomp` make only
// the calls of src/kernel/plan/after-seccomp.ts.
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "operate.h"

long op_no_new_privileges(struct execution *e, const struct op_no_new_privileges *o, struct record *r) {
  (void)e;
  (void)o;
  return CALL(r, prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

long op_bounding_set(struct execution *e, const struct op_bounding_set *o, struct record *r) {
  (void)e;
  for (u32 capability = 0; capability < 64; capability++) {
    if (o->keep & (1ull << capability)) continue;
    long done = CALL(r, prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
    // capabilities(7): EINVAL names the first number that this kernel does not have.
    if (done == -EINVAL) return 0;
    if (done < 0) return done;
  }
  return 0;
}

long op_keep_capabilities(struct execution *e, const struct op_keep_capabilities *o, struct record *r) {
  (void)e;
  return CALL(r, prctl, PR_SET_KEEPCAPS, o->on, 0, 0, 0);
}

long op_groups(struct execution *e, const struct op_groups *o, struct record *r) {
  (void)e;
  long done = CALL(r, setgroups, o->gids.count, o->gids.at);
  return done == -EPERM && o->denied && o->gids.count == 0 ? tolerated(r, done) : done;
}

long op_user(struct execution *e, const struct op_user *o, struct record *r) {
  (void)e;
  long done = CALL(r, setresgid, o->gid, o->gid, o->gid);
  if (done >= 0) done = CALL(r, setresuid, o->uid, o->uid, o->uid);
  return done;
}

long op_capabilities(struct execution *e, const struct op_capabilities *o, struct record *r) {
  (void)e;
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {
    {(u32)o->effective, (u32)o->permitted, (u32)o->inheritable},
    {(u32)(o->effective >> 32), (u32)(o->permitted >> 32), (u32)(o->inheritable >> 32)},
  };
  return CALL(r, capset, &head, data);
}

long op_ambient(struct execution *e, const struct op_ambient *o, struct record *r) {
  (void)e;
  long done = CALL(r, prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (u32 capability = 0; capability < 64 && done >= 0; capability++)
    if (o->set & (1ull << capability)) done = CALL(r, prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
  return done;
}

long op_dumpable(struct execution *e, const struct op_dumpable *o, struct record *r) {
  (void)e;
  return CALL(r, prctl, PR_SET_DUMPABLE, o->on, 0, 0, 0);
}

long op_parent_death(struct execution *e, const struct op_parent_death *o, struct record *r) {
  (void)e;
  return CALL(r, prctl, PR_SET_PDEATHSIG, o->signal, 0, 0, 0);
}

long op_close_range(struct execution *e, const struct op_close_range *o, struct record *r) {
  (void)e;
  return CALL(r, close_range, o->from < 3 ? 3 : o->from, ~0u, CLOSE_RANGE_CLOEXEC);
}

long op_seccomp(struct execution *e, const struct op_seccomp *o, struct record *r) {
  if (o->filter.length % 8 || o->filter.length / 8 > BPF_MAXINSNS) return -EINVAL;
  struct sock_fprog program = {(u16)(o->filter.length / 8), (struct sock_filter *)o->filter.at};
  e->silent = 1;
  long done = CALL(r, seccomp, SECCOMP_SET_MODE_FILTER, o->flags, &program);
  // seccomp(2): with a listener the answer is its descriptor.
  if (done > 0) r->value = (u64)done;
  return done;
}
