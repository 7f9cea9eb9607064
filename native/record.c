// Records: what each operation answered.
#include "operate.h"

void detail(struct record *r, const char *text) {
  size_t have = 0, n = strlen(text);
  while (have < DETAIL_SIZE - 1 && r->detail[have]) have++;  // the child may write this memory: no text of its ends it
  if (n > DETAIL_SIZE - 1 - have) n = DETAIL_SIZE - 1 - have;
  memcpy(r->detail + have, text, n);
  r->detail[have + n] = 0;
}

void number_text(char *to, u64 value) {
  char digits[20];
  size_t n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while ((value /= 10));
  for (size_t i = 0; i < n; i++) to[i] = digits[n - 1 - i];
  to[n] = 0;
}

void detail_number(struct record *r, u64 number) {
  char text[21];
  number_text(text, number);
  detail(r, text);
}

long tolerated(struct record *r, long error) {
  if (error >= 0) return error;
  r->state = RECORD_TOLERATED;
  r->error = (i32)-error;
  return 0;
}

u64 now_ns(void) {
  struct __kernel_timespec ts = {0, 0};
  SYS(clock_gettime, 1 /* CLOCK_MONOTONIC */, &ts);
  return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

void put_records(struct writer *w, const struct execution *e, u32 from, u32 to) {
  u32 count = 0;
  for (u32 i = from; i < to; i++) count += e->records[i].state != RECORD_NOT_RUN;
  put_u32(w, count);
  for (u32 i = from; i < to; i++) {
    // The child may write this memory until it has ended: its text is copied and closed before it is trusted.
    struct record r = e->records[i];
    if (r.state == RECORD_NOT_RUN) continue;
    r.detail[DETAIL_SIZE - 1] = 0;
    put_u8(w, (u8)e->plan.ops[i].act);
    put_u8(w, r.state);
    put_u16(w, r.step);
    put_u32(w, e->plan.ops[i].index);
    put_i32(w, r.error);
    put_u32(w, r.ns);
    put_u64(w, r.value);
    put_text(w, r.detail);
    put_bytes(w, e->plan.ops[i].act == ACT_HOST ? r.data : (struct span){NULL, 0});
  }
}

long slot_set(struct execution *e, u16 slot, long fd) {
  if (fd < 0) return fd;
  if (e->slots[slot]) SYS(close, e->slots[slot] - 1);
  e->slots[slot] = (i32)fd + 1;
  return 0;
}
