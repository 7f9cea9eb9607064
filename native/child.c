// The container's side of a plan, from the clone to the program.
#include "operate.h"

static void keep_sorted(i32 *list, u32 *n, i32 fd) {
  if (fd < 0) return;
  u32 at = *n;
  for (; at > 0 && list[at - 1] > fd; at--) list[at] = list[at - 1];
  list[at] = fd;
  ++*n;
}

// What this process needs of its parent's descriptors stays; the rest is closed before anything else happens, so
// that no folder, socket or log of the parent's is open in a process that enters a container (R13, R14).
static void close_others(const struct execution *e) {
  static i32 kept[2 * SLOT_LIMIT + 8];
  u32 n = 0;
  keep_sorted(kept, &n, 2);
  for (u32 i = 0; i < e->passed; i++) keep_sorted(kept, &n, (i32)(PASSED_TO + i));
  keep_sorted(kept, &n, e->child_sync);
  for (int i = 0; i < 3; i++) keep_sorted(kept, &n, e->child_streams[i]);
  for (u32 i = e->plan.first[ACT_BUILD]; i < e->plan.first[ACT_UNDO]; i++)
    for (u32 use = 0; use < 2 && n < 2 * SLOT_LIMIT; use++)
      keep_sorted(kept, &n, slot_of(e, op_slot(&e->plan.ops[i], op_definitions[e->plan.ops[i].code].uses[use])));
  for (u32 i = 0; i < n; i++) {
    u32 from = (u32)kept[i] + 1, to = i + 1 < n ? (u32)kept[i + 1] : 0;
    if (to == 0) SYS(close_range, from, ~0u, 0);
    else if (from < to) SYS(close_range, from, to - 1, 0);
  }
}

// Onto the numbers that they have for the caller; what was the wire's here is theirs.
static void take_passed(const struct execution *e) {
  for (u32 i = 0; i < e->passed; i++) SYS(dup3, PASSED_FROM + i, PASSED_TO + i, 0);
}

// Dispositions and masks outlive execve: what the parent ignores or blocks is not the program's.
static void reset_signals(void) {
  u64 action[4] = {0}, none = 0;
  for (int signal = 1; signal <= 64; signal++)
    if (signal != ABI_SIGKILL && signal != 19 /* SIGSTOP */) SYS(rt_sigaction, signal, action, 0, sizeof none);
  SYS(rt_sigprocmask, ABI_SIG_SETMASK, &none, 0, sizeof none);
}

static int sets_umask(const struct plan *plan) {
  for (u32 i = plan->first[ACT_BUILD]; i < plan->first[ACT_UNDO]; i++)
    if (plan->ops[i].code == OP_UMASK) return 1;
  return 0;
}

static i32 fifo_of(const struct execution *e) {
  for (u32 i = e->plan.first[ACT_CONFINE]; i < e->plan.first[ACT_BECOME]; i++)
    if (e->plan.ops[i].code == OP_GATE) return slot_of(e, e->plan.ops[i].gate.fifo);
  return -1;
}

static void why_no_program(struct record *said, const struct op *op, const struct record *r) {
  detail(said, op->code == OP_HOOK ? "the startContainer hook " : "cannot start the program: ");
  detail(said, op->code == OP_HOOK ? op->hook.path : op_definitions[op->code].name);
  detail(said, ": ");
  if (*r->detail) detail(said, r->detail);
  else detail(said, "errno "), detail_number(said, (u64)r->error);
}

// A child whose parent has left says on its standard error why there is no program, and to who started it through the
// FIFO: the operation's code, then the text (src/runtime/command/gate.ts).
static void say_failure(const struct execution *e) {
  if (!e->fifo_gate) return;
  for (u32 i = e->plan.first[ACT_BECOME]; i < e->plan.first[ACT_UNDO]; i++) {
    if (e->records[i].state != RECORD_FAILED) continue;
    struct record told = {0};
    told.detail[0] = (char)e->plan.ops[i].code;
    why_no_program(&told, &e->plan.ops[i], &e->records[i]);
    SYS(write, fifo_of(e), told.detail, strlen(told.detail));
    SYS(write, 2, "inro-runtime: ", 14);
    SYS(write, 2, told.detail + 1, strlen(told.detail) - 1);
    SYS(write, 2, "\n", 1);
  }
}

_Noreturn void child_run(struct execution *e) {
  const u32 *first = e->plan.first;
  e->in_child = 1;
  e->arrived = 0;
  take_passed(e);
  close_others(e);
  reset_signals();
  // Modes are meant as they are written; the program's own mask is an operation, or the usual one.
  SYS(umask, 0);
  long done = operate_range(e, first[ACT_BUILD], first[ACT_CONFINE]);
  if (done >= 0 && !sets_umask(&e->plan)) SYS(umask, 022);
  if (done >= 0) done = operate_range(e, first[ACT_CONFINE], first[ACT_BECOME]);
  if (done >= 0) done = operate_range(e, first[ACT_BECOME], first[ACT_UNDO]);
  say_failure(e);
  // Docker's and the shells' exit codes for a program that is missing, or cannot be executed.
  sys_exit(done == -ENOENT || done == -ENOTDIR ? 127 : 126);
}
