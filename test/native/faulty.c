// The native program with one fault in it. It is linked with --wrap for every operation and for what the executor says at
// a gate, so no line of the program itself knows of this file. Where the fault is stands in the file `PROGRAM.fault`
// beside the program: how, act and index, one character, one digit and a number.
#include "../../native/monitor.h"
#include "../../native/operate.h"

enum how {
  KILL = 'k',     // whoever is at it is killed, before it
  AFTER = 'a',    // and after it
  ORPHAN = 'o',   // the executor is killed while its child is at it
  REFUSE = 'r',   // it fails
  CALLER = 'c',   // the executor's parent is killed while somebody is at it
  BOTH = 'b',     // the executor's parent, and the executor
};
// Beyond the acts of a plan: a batch; what the executor says to a child at its gate; the monitor's beginning.
enum { BATCH = ACT_COUNT, GATE, MONITOR };
enum { MARK = 0x6661756c };

static struct {
  u8 loaded, how;
  u32 act, index;
} fault;

static void load(void) {
  char path[4096] = "", text[64] = "";
  if (fault.loaded) return;
  fault.loaded = 1;
  long n = SYS(readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path - 8);
  if (n <= 0) return;
  memcpy(path + n, ".fault", 7);
  long fd = SYS(openat, AT_FDCWD, path, ABI_O_RDONLY | ABI_O_CLOEXEC, 0);
  if (fd < 0) return;
  if (SYS(read, fd, text, sizeof text - 1) > 2) {
    fault.how = (u8)text[0];
    fault.act = (u32)(text[1] - '0');
    for (const char *at = text + 2; *at >= '0' && *at <= '9'; at++) fault.index = fault.index * 10 + (u32)(*at - '0');
  }
  SYS(close, fd);
}

static _Noreturn void die(void) {
  SYS(kill, SYS(getpid), ABI_SIGKILL);
  // Pid 1 of a namespace is not reached by its own signals.
  sys_exit(137);
}

static void nap(void) {
  struct __kernel_timespec ts = {0, 100000};
  SYS(nanosleep, &ts, 0);
}

static int kills_others(void) { return fault.how == ORPHAN || fault.how == CALLER || fault.how == BOTH; }

// Kills who has to be killed when the child has marked the operation. They share the records.
static void watch(struct execution *e) {
  i32 executor = (i32)SYS(getpid), caller = (i32)SYS(getppid);
  u32 at = e->plan.first[fault.act] + fault.index;
  if (at >= e->plan.first[fault.act + 1] || SYS(clone, ABI_SIGCHLD, 0, 0, 0, 0) != 0) return;
  SYS(close_range, 3, ~0u, 0);
  volatile struct record *watched = &e->records[at];
  while (watched->value != MARK)
    if (SYS(getppid) == executor) nap();
    else sys_exit(0);
  if (fault.how != ORPHAN) SYS(kill, caller, ABI_SIGKILL);
  if (fault.how != CALLER) SYS(kill, executor, ABI_SIGKILL);
  watched->value = 0;
  sys_exit(0);
}

static void wait_for_kill(const struct execution *e, struct record *r) {
  struct abi_pollfd end = {e->child_sync, 0, 0};
  volatile struct record *mine = r;
  mine->value = MARK;
  while (mine->value == MARK) nap();
  // The end of the sync is the end of the executor.
  while (fault.how != CALLER && SYS(ppoll, &end, 1, NULL, 0, 8) < 0) continue;
}

static int is_plan(const struct execution *e) { return e->plan.first[ACT_UNDO] > e->plan.first[ACT_CLONE]; }

static int is_at(const struct execution *e, const struct record *r) {
  const struct op *op = &e->plan.ops[r - e->records];
  return fault.how && fault.index == op->index && fault.act == (is_plan(e) ? op->act : BATCH);
}

static long before(struct execution *e, struct record *r) {
  load();
  if (kills_others() && is_plan(e) && r == e->records) watch(e);
  if (!is_at(e, r)) return 0;
  if (fault.how == KILL) die();
  if (fault.how == REFUSE) return r->step = NO_STEP, detail(r, "faulty"), -EIO;
  if (kills_others() && e->in_child) wait_for_kill(e, r);
  else if (fault.how == CALLER || fault.how == BOTH) SYS(kill, SYS(getppid), ABI_SIGKILL);
  if (fault.how == BOTH && !e->in_child) die();
  return 0;
}

static void after(const struct execution *e, const struct record *r) {
  if (fault.how == AFTER && is_at(e, r)) die();
}

#define OP(NAME, name)                                                                                      \
  long __real_op_##name(struct execution *e, const struct op_##name *o, struct record *r);                  \
  long __wrap_op_##name(struct execution *e, const struct op_##name *o, struct record *r);                  \
  long __wrap_op_##name(struct execution *e, const struct op_##name *o, struct record *r) {                 \
    long refused = before(e, r);                                                                            \
    if (refused) return refused;                                                                            \
    long done = __real_op_##name(e, o, r);                                                                  \
    after(e, r);                                                                                            \
    return done;                                                                                            \
  }
#include "generated/dispatch.h"
#undef OP

long __real_sync_send(const struct execution *e, u32 message);
long __wrap_sync_send(const struct execution *e, u32 message);
long __wrap_sync_send(const struct execution *e, u32 message) {
  int at = fault.act == GATE && fault.index == 0 && message == SYNC_GO && !e->in_child;
  if (at && fault.how == BOTH) SYS(kill, SYS(getppid), ABI_SIGKILL);
  if (at && (fault.how == KILL || fault.how == BOTH)) die();
  long done = __real_sync_send(e, message);
  if (at && fault.how == AFTER) die();
  return done;
}

int __real_monitor_run(void);
int __wrap_monitor_run(void);
int __wrap_monitor_run(void) {
  if (fault.act == MONITOR && fault.how == KILL) die();
  return __real_monitor_run();
}
