// Decoding a plan or a batch: all of it, before its first operation runs.
#include "execute.h"

// The smallest operation on the wire is its code and length; none needs more memory than this for each of its bytes
// (a text of five bytes becomes a pointer), so the arena's size is known before anything is decoded.
enum { OP_HEADER = 6 };

static int decode_one(struct reader *r, struct op *op, u32 act) {
  op->code = get_u16(r);
  u32 length = get_u32(r);
  if (r->bad || op->code >= OP_CODES || length > (size_t)(r->end - r->at)) return -EPROTO;
  if (!(op_definitions[op->code].acts & (1u << act))) return -EPROTO;
  struct reader fields = {r->at, r->at + length, r->arena, 0};
  op->act = (u16)act;
  if (op_decode(&fields, op) < 0 || reader_finish(&fields) < 0) return -EPROTO;
  r->at += length;
  return 0;
}

static int decode_act(struct reader *r, struct plan *plan, u32 act) {
  u32 count = get_u32(r);
  if (r->bad || count > (size_t)(r->end - r->at) / OP_HEADER) return -EPROTO;
  plan->first[act] = plan->count;
  for (u32 i = 0; i < count; i++) {
    struct op *op = &plan->ops[plan->count];
    op->index = i;
    if (decode_one(r, op, act) < 0) return -EPROTO;
    plan->count++;
  }
  return 0;
}

static int plan_reserve(struct plan *plan, struct span from, struct arena *arena) {
  *plan = (struct plan){0};
  size_t ops = ((size_t)from.length / OP_HEADER + 1) * sizeof(struct op);
  // 8 bytes of pointer for at least 4 bytes of message, a NULL for each list, and the rounding.
  size_t rest = (size_t)from.length * 4 + 64;
  plan->size = ops + rest;
  plan->memory = map_memory(plan->size);
  if (!plan->memory) return -ENOMEM;
  plan->ops = plan->memory;
  arena->at = (u8 *)plan->memory + ops;
  arena->end = arena->at + rest;
  return 0;
}

int plan_decode(struct plan *plan, struct span from) {
  struct arena arena;
  int failed = plan_reserve(plan, from, &arena);
  if (failed) return failed;
  struct reader r = {from.at, from.at + from.length, &arena, 0};
  for (u32 act = 0; act < ACT_COUNT && !failed; act++) failed = decode_act(&r, plan, act);
  plan->first[ACT_COUNT] = plan->count;
  if (!failed) failed = reader_finish(&r);
  if (failed) plan_free(plan);
  return failed;
}

int batch_decode(struct plan *plan, struct span from) {
  struct arena arena;
  int failed = plan_reserve(plan, from, &arena);
  if (failed) return failed;
  struct reader r = {from.at, from.at + from.length, &arena, 0};
  failed = decode_act(&r, plan, ACT_HOST);
  for (u32 act = 1; act <= ACT_COUNT; act++) plan->first[act] = plan->count;
  if (!failed) failed = reader_finish(&r);
  if (failed) plan_free(plan);
  return failed;
}

void plan_free(struct plan *plan) {
  unmap_memory(plan->memory, plan->size);
  *plan = (struct plan){0};
}

u16 op_slot(const struct op *op, u8 offset) {
  u16 slot;
  if (offset == 0) return NO_SLOT;
  memcpy(&slot, (const u8 *)&op->open_path + offset - 1, sizeof slot);
  return slot;
}
