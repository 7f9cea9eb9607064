// One operation after the other, each timed and recorded.
#include "operate.h"

static long dispatch(struct execution *e, const struct op *op, struct record *r) {
  switch (op->code) {
#define OP(NAME, name) \
  case OP_##NAME: return op_##name(e, &op->name, r);
#include "generated/dispatch.h"
#undef OP
    default: return -ENOSYS;
  }
}

static int slots_are_there(const struct execution *e, const struct op *op) {
  const struct op_definition *definition = &op_definitions[op->code];
  for (u32 i = 0; i < sizeof definition->uses; i++) {
    u16 slot = op_slot(op, definition->uses[i]);
    if (slot != NO_SLOT && e->slots[slot] == 0) return 0;
  }
  return 1;
}

long operate(struct execution *e, u32 index) {
  const struct op *op = &e->plan.ops[index];
  struct record *r = &e->records[index];
  r->step = NO_STEP;
  long done = slots_are_there(e, op) ? dispatch(e, op, r) : -EBADF;
  if (!e->silent) {
    u64 now = now_ns(), spent = now - e->clock;
    r->ns = spent > 0xffffffffu ? 0xffffffffu : (u32)spent;
    e->clock = now;
  }
  if (done < 0) {
    r->error = (i32)-done;
    r->state = RECORD_FAILED;
  } else if (r->state != RECORD_TOLERATED) r->state = RECORD_DONE;
  return done < 0 ? done : 0;
}

long operate_range(struct execution *e, u32 from, u32 to) {
  if (!e->silent) e->clock = now_ns();
  for (u32 i = from; i < to; i++) {
    long done = operate(e, i);
    if (done < 0) {
      if (!e->in_child) e->failed = i;
      return done;
    }
  }
  return 0;
}

long op_monitor(struct execution *e, const struct op_monitor *o, struct record *r) {
  (void)r;
  e->monitor = o;
  e->memory_cgroup = slot_of(e, o->memory);
  return 0;
}
