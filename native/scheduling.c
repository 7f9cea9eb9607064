// Operations on how a process gets processors, disks and memory, and on what machine it sees.
#include <linux/sched/types.h>

#include "operate.h"

enum { IOPRIO_WHO_PGRP = 2, CPU_BYTES = 1024 };

long op_scheduler(struct execution *e, const struct op_scheduler *o, struct record *r) {
  (void)e;
  struct sched_attr wanted = {
    .size = sizeof wanted, .sched_policy = o->policy, .sched_flags = o->flags, .sched_nice = o->nice,
    .sched_priority = o->priority, .sched_runtime = o->runtime, .sched_deadline = o->deadline, .sched_period = o->period,
  };
  return CALL(r, sched_setattr, 0, &wanted, 0);
}

long op_io_priority(struct execution *e, const struct op_io_priority *o, struct record *r) {
  (void)e;
  return CALL(r, ioprio_set, IOPRIO_WHO_PGRP, 0, o->priority);
}

static u8 own_processors[CPU_BYTES];

long op_cpu_affinity(struct execution *e, const struct op_cpu_affinity *o, struct record *r) {
  if (!e->in_child && e->cpus == 0) {
    long n = CALL(r, sched_getaffinity, 0, sizeof own_processors, own_processors);
    if (n < 0) return n;
    e->cpus = (i32)n;
  }
  return CALL(r, sched_setaffinity, 0, o->cpus.length, o->cpus.at);
}

void processors_restore(struct execution *e) {
  if (e->cpus > 0) SYS(sched_setaffinity, 0, e->cpus, own_processors);
  e->cpus = 0;
}

long op_personality(struct execution *e, const struct op_personality *o, struct record *r) {
  (void)e;
  return CALL(r, personality, o->domain);
}

long op_memory_policy(struct execution *e, const struct op_memory_policy *o, struct record *r) {
  (void)e;
  // set_mempolicy(2): maxnode counts one bit more than the mask has.
  const u8 *nodes = o->nodes.length ? o->nodes.at : NULL;
  return CALL(r, set_mempolicy, o->mode, nodes, nodes ? (u64)o->nodes.length * 8 + 1 : 0);
}
