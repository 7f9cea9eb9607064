// The parent's side of a plan. See execute.h.
#include "operate.h"

enum { CLONE_EXIT_SIGNAL = ABI_SIGCHLD };

void execution_init(struct execution *e) {
  memset(e, 0, sizeof *e);
  e->failed = NO_FAILURE;
  e->pidfd = e->sync = e->child_sync = e->peer = e->own = e->empty = e->caller = -1;
  e->input = e->output = e->errors = e->master = e->memory_cgroup = e->datagrams = e->listener = -1;
  for (int i = 0; i < 3; i++) e->child_streams[i] = -1;
}

static void close_fd(i32 *fd) {
  if (*fd >= 0) SYS(close, *fd);
  *fd = -1;
}

static size_t records_size(const struct execution *e) { return ((size_t)e->plan.count + 1) * sizeof(struct record); }

static int share_records(struct execution *e) {
  long at = SYS(mmap, 0, records_size(e), ABI_PROT_RW, ABI_MAP_SHARED_ANONYMOUS, -1, 0);
  if (at < 0 && at > -4096) return (int)at;
  e->records = (struct record *)at;
  return 0;
}

void execution_own_records(struct execution *e) {
  SYS(madvise, e->records, records_size(e), ABI_MADV_REMOVE);
  long at = SYS(mmap, e->records, records_size(e), ABI_PROT_RW, ABI_MAP_PRIVATE_ANONYMOUS | ABI_MAP_FIXED, -1, 0);
  if (at != (long)e->records) sys_exit(12);
}

// Descriptors that were meant for the child: its pipe ends must not stay open here, or the end of its output would
// never be seen. 0 to 2 are the executor's own.
static void close_childs_ends(struct execution *e) {
  close_fd(&e->child_sync);
  for (int i = 0; i < 3; i++)
    if (e->child_streams[i] > 2) close_fd(&e->child_streams[i]);
  if (e->passed) SYS(close_range, PASSED_FROM, PASSED_FROM + e->passed - 1, 0);
  e->passed = 0;
}

static void leave_namespaces(struct execution *e) {
  if (e->own < 0) return;
  SYS(setns, e->own, e->borrowed);
  if (e->borrowed & CLONE_NEWPID) SYS(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  e->borrowed = 0;
  close_fd(&e->own);
}

long op_clone(struct execution *e, const struct op_clone *o, struct record *r) {
  i32 pair[2], pidfd = -1;
  long done = CALL(r, socketpair, ABI_AF_UNIX, ABI_SOCK_SEQPACKET | ABI_SOCK_CLOEXEC, 0, pair);
  if (done < 0) return done;
  e->sync = pair[0];
  e->child_sync = pair[1];
  struct clone_args args = {
    .flags = (u64)o->flags | CLONE_PIDFD | (o->cgroup == NO_SLOT ? 0 : CLONE_INTO_CGROUP),
    .pidfd = (u64)(uintptr_t)&pidfd,
    .exit_signal = CLONE_EXIT_SIGNAL,
    .cgroup = o->cgroup == NO_SLOT ? 0 : (u64)slot_of(e, o->cgroup),
  };
  done = clone_between(e, &args, r);
  if (done == 0) child_run(e);
  leave_namespaces(e);
  processors_restore(e);
  close_childs_ends(e);
  if (done < 0) return done;
  e->pid = (i32)done;
  e->pidfd = pidfd;
  r->value = (u64)done;
  return slot_set(e, o->pidfd, pidfd);
}

static u32 last_of_child(const struct execution *e) { return e->plan.first[ACT_UNDO]; }

// A child ended at an operation without a word about it.
static long vanished(struct execution *e, u32 at) {
  struct record *r = &e->records[at];
  i32 signal = e->status & 0x7f;
  e->failed = at;
  r->state = RECORD_FAILED;
  r->error = ESRCH;
  r->step = NO_STEP;
  detail(r, "the process ended here");
  if (!e->ended) return -ESRCH;
  detail(r, signal ? ", by signal " : ", with exit code ");
  detail_number(r, (u64)(signal ? signal : (e->status >> 8) & 0xff));
  return -ESRCH;
}

// The child's own record of its failure, or the operation at which it vanished.
static long find_failure(struct execution *e) {
  u32 from = e->plan.first[ACT_BUILD], to = last_of_child(e), at = from;
  for (u32 i = from; i < to; i++)
    if (e->records[i].state == RECORD_FAILED) {
      e->failed = i;
      return -e->records[i].error;
    }
  while (at + 1 < to && e->records[at].state != RECORD_NOT_RUN) at++;
  return e->failed != NO_FAILURE || at >= to || !e->ended ? 0 : vanished(e, at);
}

// A frozen child does not die before it is thawed, and the monitor waits for nobody: it reaps whatever comes.
static void reap(struct execution *e) {
  long got = -EINTR;
  while (got == -EINTR && !e->ended && !e->unattended) got = SYS(wait4, e->pid, &e->status, 0x40000000 /* __WALL */, 0);
  if (!e->unattended) e->ended = 1;
  e->pid = 0;
}

static enum undo_part part_of(const struct op *op) {
  if (op->code == OP_HOOK || op->code == OP_CLAIM) return UNDO_HOOKS;
  return op->code == OP_NETLINK && op->netlink.family == 0 /* NETLINK_ROUTE */ ? UNDO_INTERFACES : UNDO_FIRST;
}

void execution_undo(struct execution *e, u32 parts) {
  u32 failed = e->failed;
  e->clock = now_ns();
  for (u32 i = e->plan.first[ACT_UNDO]; i < e->plan.first[ACT_COUNT]; i++)
    if (parts & part_of(&e->plan.ops[i])) operate(e, i);
  e->failed = failed;
}

// Kills and reaps the child, then takes back what the plan did. The error that people are to be told.
static long abandon(struct execution *e, long error) {
  leave_namespaces(e);
  processors_restore(e);
  if (e->pid) {
    // A child that failed has told why before it ended.
    SYS(kill, e->pid, ABI_SIGKILL);
    reap(e);
    long told = find_failure(e);
    if (told) error = told;
  }
  close_childs_ends(e);
  close_fd(&e->input);
  close_fd(&e->output);
  close_fd(&e->errors);
  close_fd(&e->master);
  close_fd(&e->sync);
  close_fd(&e->datagrams);
  close_fd(&e->listener);
  e->pidfd = e->memory_cgroup = -1;
  execution_drop_slots(e);
  // Whoever has hung up waits for nothing any more; what is taken back is taken back all the same.
  e->caller = -1;
  e->partial = 1;
  execution_undo(e, UNDO_ALL);
  e->partial = 0;
  return error;
}

void execution_abandon(struct execution *e) { abandon(e, -ECANCELED); }

static void note_gate(struct execution *e) {
  for (u32 i = e->plan.first[ACT_CONFINE]; i < e->plan.first[ACT_BECOME]; i++)
    if (e->plan.ops[i].code == OP_GATE && e->plan.ops[i].gate.fifo != NO_SLOT) e->fifo_gate = 1;
  for (u32 i = e->plan.first[ACT_BUILD]; i < e->plan.first[ACT_BECOME]; i++)
    if (e->plan.ops[i].code == OP_STDIO) e->terminal = e->plan.ops[i].stdio.terminal;
}

// Up to the clone.
static long bring_forth(struct execution *e) {
  const u32 *first = e->plan.first;
  note_gate(e);
  long done = operate_range(e, first[ACT_HOST], first[ACT_CLONE]);
  if (done >= 0) done = operate_range(e, first[ACT_CLONE], first[ACT_MAP]);
  return done >= 0 && e->pid == 0 ? -EPROTO : done;  // a plan without its clone
}

static int decode_plan(struct execution *e, struct span acts) {
  int refused = plan_decode(&e->plan, acts);
  return refused ? refused : share_records(e);
}

int execute_plan(struct execution *e, struct span acts, u32 deadline_ms) {
  int refused = decode_plan(e, acts);
  if (refused) return refused;
  e->deadline_ms = deadline_ms;
  long done = bring_forth(e);
  if (done >= 0) done = operate_range(e, e->plan.first[ACT_MAP], e->plan.first[ACT_BUILD]);
  if (done >= 0) done = sync_wait(e, SYNC_READY);
  if (done < 0) return (int)abandon(e, done);
  execution_drop_slots(e);
  return 0;
}

int execution_begin(struct execution *e, struct span acts) {
  int refused = decode_plan(e, acts);
  if (refused) return refused;
  e->unattended = 1;
  e->next = e->plan.first[ACT_MAP];
  long done = bring_forth(e);
  return done < 0 ? (int)abandon(e, done) : 0;
}

// What has come, and whether more can come.
static long listen(struct execution *e) {
  long done = sync_drain(e);
  return done >= 0 && e->ended ? -EPIPE : done;
}

int execution_advance(struct execution *e) {
  long done = listen(e);
  for (; done >= 0 && e->next < e->plan.first[ACT_BUILD]; e->next++) {
    const struct op *op = &e->plan.ops[e->next];
    if (op->code == OP_AWAIT && !sync_came(e, op->await.point)) return EXECUTION_PENDING;
    e->clock = now_ns();
    done = operate(e, e->next);
    if (done < 0) e->failed = e->next;
  }
  if (done < 0) return (int)abandon(e, done);
  if (!e->ready) return EXECUTION_PENDING;
  execution_drop_slots(e);
  return 0;
}

void execution_open_gate(struct execution *e) { sync_send(e, SYNC_GO); }

// The child's end of the sync is closed: by its exec, or with it, before it came so far.
static int outcome(struct execution *e) {
  u32 first = e->plan.first[ACT_BECOME], last = last_of_child(e) - 1;
  if (first > last || last == (u32)-1) return -EPROTO;
  for (u32 i = first; i <= last; i++) {
    struct record *r = &e->records[i];
    int reached = i < last ? r->state != RECORD_NOT_RUN : r->step == __NR_execve;
    if (r->state == RECORD_FAILED || !reached) {
      e->failed = i;
      return r->state == RECORD_FAILED ? -r->error : (int)vanished(e, i);
    }
  }
  e->records[last].state = RECORD_DONE;
  e->started = 1;
  return 0;
}

int execution_launched(struct execution *e) {
  long done = listen(e);
  if (done >= 0) return EXECUTION_PENDING;
  close_fd(&e->sync);
  return done == -EPIPE ? outcome(e) : (int)done;
}

int execution_start(struct execution *e) {
  long done = sync_send(e, SYNC_GO);
  e->deadline_ms = 0;
  while (done >= 0) done = sync_wait(e, SYNC_NEVER);
  close_fd(&e->sync);
  return done == -EPIPE ? outcome(e) : (int)done;
}

void execution_child_ended(struct execution *e, i32 status) {
  e->ended = 1;
  e->status = status;
}

void execution_abandon_unreaped(struct execution *e) { abandon(e, -ETIMEDOUT); }

void execution_drop_slots(struct execution *e) {
  for (u32 i = 0; i < SLOT_LIMIT; i++) {
    if (e->slots[i] == 0) continue;
    i32 fd = e->slots[i] - 1;
    if (fd != e->pidfd && fd != e->memory_cgroup) SYS(close, fd);
    e->slots[i] = 0;
  }
}

void execution_free(struct execution *e) {
  close_fd(&e->sync);
  execution_drop_slots(e);
  if (e->records) unmap_memory(e->records, records_size(e));
  e->records = NULL;
  plan_free(&e->plan);
}
