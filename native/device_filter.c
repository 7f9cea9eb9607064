// The device filters of cgroup v2: eBPF programs, of which every attached one has to agree.
#include <linux/bpf.h>

#include "cgroup.h"

static long load_program(struct record *r, struct span program) {
  union bpf_attr load = {0};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = (u64)(uintptr_t)program.at;
  load.insn_cnt = program.length / 8;
  load.license = (u64)(uintptr_t) "Apache";
  return CALL(r, bpf, BPF_PROG_LOAD, &load, sizeof load);
}

// `replaced`: an attached program whose place it takes in the same step; -1: it stands beside the others.
static long attach_program(struct record *r, i32 cgroup, i32 program, i32 replaced) {
  union bpf_attr join = {0};
  join.target_fd = (u32)cgroup;
  join.attach_bpf_fd = (u32)program;
  join.attach_type = BPF_CGROUP_DEVICE;
  join.attach_flags = BPF_F_ALLOW_MULTI;
  if (replaced >= 0) {
    join.attach_flags |= BPF_F_REPLACE;
    join.replace_bpf_fd = (u32)replaced;
  }
  return CALL(r, bpf, BPF_PROG_ATTACH, &join, sizeof join);
}

long op_device_filter(struct execution *e, const struct op_device_filter *o, struct record *r) {
  long program = load_program(r, o->program);
  if (program < 0) return program;
  long done = attach_program(r, slot_of(e, o->cgroup), (i32)program, -1);
  SYS(close, program);
  return done;
}

enum { MOST_PROGRAMS = 64 };  // include/linux/bpf-cgroup.h, BPF_CGROUP_MAX_PROGS

// The ids of the programs that are attached to this very cgroup. How many, or -errno.
static long attached(struct record *r, i32 cgroup, u32 ids[MOST_PROGRAMS]) {
  union bpf_attr query = {0};
  query.query.target_fd = (u32)cgroup;
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_ids = (u64)(uintptr_t)ids;
  query.query.prog_cnt = MOST_PROGRAMS;
  long done = CALL(r, bpf, BPF_PROG_QUERY, &query, sizeof query);
  return done < 0 ? done : (long)query.query.prog_cnt;
}

static long program_of(struct record *r, u32 id) {
  union bpf_attr by = {0};
  by.prog_id = id;
  return CALL(r, bpf, BPF_PROG_GET_FD_BY_ID, &by, sizeof by);
}

static long detach(struct record *r, i32 cgroup, i32 program) {
  union bpf_attr leave = {0};
  leave.target_fd = (u32)cgroup;
  leave.attach_bpf_fd = (u32)program;
  leave.attach_type = BPF_CGROUP_DEVICE;
  return CALL(r, bpf, BPF_PROG_DETACH, &leave, sizeof leave);
}

// The first gives its place to the new one; what else is attached would still have its say, and goes.
static long replace_all(struct record *r, i32 cgroup, i32 program) {
  u32 ids[MOST_PROGRAMS];
  long count = attached(r, cgroup, ids), done = count;
  if (count == 0) return attach_program(r, cgroup, program, -1);
  for (long i = 0; i < count && done >= 0; i++) {
    long old = program_of(r, ids[i]);
    if (old < 0) return old;
    done = i == 0 ? attach_program(r, cgroup, program, (i32)old) : detach(r, cgroup, (i32)old);
    SYS(close, old);
  }
  return done;
}

long op_replace_device_filter(struct execution *e, const struct op_replace_device_filter *o, struct record *r) {
  long program = load_program(r, o->program);
  if (program < 0) return program;
  long done = replace_all(r, slot_of(e, o->cgroup), (i32)program);
  SYS(close, program);
  return done;
}
