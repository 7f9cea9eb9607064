// What the monitor gives back to the kernel. See monitor.h.
#include "execute.h"
#include "monitor.h"
#include "monitor_abi.h"
#include "operate.h"

enum { STACK_USED = 96 * 1024, STACK_KEPT = 1024 };

u8 scratch_in[SCRATCH_SIZE] __attribute__((aligned(4096)));
u8 scratch_out[SCRATCH_SIZE] __attribute__((aligned(4096)));
static void give_back(const void *from, const void *to, int how) {
  uintptr_t first = ((uintptr_t)from + 4095) & ~(uintptr_t)4095, last = (uintptr_t)to & ~(uintptr_t)4095;
  if (last > first) SYS(madvise, first, last - first, how);
}

void monitor_rest(struct monitor *m) {
  m->scratch_dirty = 0;
  give_back(scratch_in, scratch_in + SCRATCH_SIZE, ABI_MADV_DONTNEED);
  give_back(scratch_out, scratch_out + SCRATCH_SIZE, ABI_MADV_DONTNEED);
#ifndef INRO_SANITIZE
  const u8 *frame = __builtin_frame_address(0);
  give_back(frame - STACK_USED, frame - STACK_KEPT, ABI_MADV_DONTNEED);
#endif
}

// A page that holds only zeros reads the same after it was given back.
static void give_back_zeros(const u64 *from, const u64 *to) {
  const u64 *page = (const u64 *)(((uintptr_t)from + 4095) & ~(uintptr_t)4095);
  for (; page + 512 <= to; page += 512) {
    u64 any = 0;
    for (u32 i = 0; i < 512; i++) any |= page[i];
    if (any == 0) SYS(madvise, page, 4096, ABI_MADV_DONTNEED);
  }
}

void monitor_slim(struct monitor *m) {
  struct execution *e = m->execution;
  u32 undo = e->plan.first[ACT_UNDO];
  give_back(e->plan.ops, e->plan.ops + undo, ABI_MADV_DONTNEED);
  execution_own_records(e);
  netlink_forget();
  give_back_zeros((const u64 *)e->slots, (const u64 *)(e->slots + SLOT_LIMIT));
}
