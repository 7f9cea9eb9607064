// The role `inro-executor`: batches, then one plan, over descriptor 3. With a `monitor` operation it then is the
// container's monitor; without one it waits for START or DETACH (src/kernel/plan/frames.ts). A front that became one goes
// on doing what a front does (caller.h), until it is told to exit.
#include "executor.h"

#include "attend.h"
#include "caller.h"
#include "monitor.h"
#include "operate.h"

enum { WIRE = 3 };

// R13 (CVE-2024-21626): nothing is inherited but the standard streams, which exist, the wire, and as many descriptors
// behind it as the caller wants passed to the program.
static void own_descriptors(u32 passed) {
  for (i32 fd = 0; fd < 3; fd++)
    if (SYS(fcntl, fd, F_GETFD, 0) == -EBADF) SYS(openat, AT_FDCWD, "/dev/null", ABI_O_RDWR, 0);
  SYS(close_range, WIRE + 1 + passed, ~0u, 0);
  SYS(fcntl, WIRE, F_SETFD, FD_CLOEXEC);
}

// Decimal digits; what is none, or more than the most, is 0.
static u32 number_of(const char *text, u32 most) {
  u64 number = 0;
  for (; *text >= '0' && *text <= '9' && number <= most; text++) number = number * 10 + (u64)(*text - '0');
  return *text || number > most ? 0 : (u32)number;
}

static int reply(u16 type, u32 request, void (*put)(struct writer *, const void *), const void *from) {
  struct writer count = {NULL, NULL, 0};
  put(&count, from);
  u8 *memory = map_memory(count.needed + 1);
  if (!memory) return -ENOMEM;
  struct writer w = {memory, memory + count.needed, 0};
  put(&w, from);
  int failed = frame_write(WIRE, type, request, (struct span){memory, (u32)count.needed});
  unmap_memory(memory, count.needed + 1);
  return failed;
}

struct range {
  const struct execution *e;
  u32 from, to;
  u32 pid;
};

static void put_batch(struct writer *w, const void *from) {
  const struct range *range = from;
  put_records(w, range->e, range->from, range->to);
}

static void put_outcome(struct writer *w, const void *from) {
  const struct range *range = from;
  put_u32(w, range->pid);
  put_u32(w, range->e->failed);
  put_records(w, range->e, range->from, range->to);
}

static int reply_error(u32 request, long error, const char *text) {
  u8 room[256];
  struct writer w = {room, room + sizeof room, 0};
  struct frame_error f = {(i32)-error, text};
  put_frame_error(&w, &f);
  return frame_write(WIRE, FRAME_ERROR, request, (struct span){room, (u32)w.needed});
}

static void free_answers(struct execution *e) {
  // The answer's mapping is as large as the most that an operation keeps; only what was written has pages.
  for (u32 i = 0; i < e->plan.count; i++)
    if (e->records[i].data.at) unmap_memory((void *)e->records[i].data.at, NETLINK_DATA_LIMIT);
}

// The slots that a batch fills stay for the batches and the plan after it.
static int batch(struct execution *e, const struct frame *frame) {
  struct reader r = {frame->payload.at, frame->payload.at + frame->payload.length, NULL, 0};
  struct frame_batch f;
  if (get_frame_batch(&r, &f) < 0) return reply_error(frame->request, -EPROTO, "a batch that cannot be decoded");
  int failed = batch_decode(&e->plan, f.ops);
  if (failed) return reply_error(frame->request, failed, "a batch that cannot be decoded");
  size_t size = ((size_t)e->plan.count + 1) * sizeof(struct record);
  e->records = map_memory(size);
  if (!e->records) {
    plan_free(&e->plan);
    return reply_error(frame->request, -ENOMEM, "no memory for the records");
  }
  e->clock = now_ns();
  e->caller = WIRE;
  for (u32 i = 0; i < e->plan.count; i++)
    if (operate(e, i) < 0 && f.stop) break;
  e->caller = -1;
  struct range all = {e, 0, e->plan.count, 0};
  failed = reply(FRAME_RESULT, frame->request, put_batch, &all);
  free_answers(e);
  unmap_memory(e->records, size);
  e->records = NULL;
  plan_free(&e->plan);
  return failed;
}

static int answer_plan(struct execution *e, u32 request) {
  struct range all = {e, 0, e->plan.count, (u32)e->pid};
  return reply(FRAME_PLAN_RESULT, request, put_outcome, &all);
}

// The exit is the last frame of a program.
static void tell_exit(u32 request, u32 pid, i32 status) {
  struct frame_exited f = {.pid = pid, .signal = (u32)status & 0x7f};
  f.code = f.signal == 0 ? (u32)(status >> 8) & 0xff : 0;
  u8 room[128];
  struct writer w = {room, room + sizeof room, 0};
  put_frame_exited(&w, &f);
  frame_write(WIRE, FRAME_EXITED, request, (struct span){room, (u32)w.needed});
}

static void tell_started(struct execution *e, u32 request, u32 pid) {
  struct range become = {e, e->plan.first[ACT_BECOME], e->plan.first[ACT_UNDO], pid};
  reply(FRAME_STARTED, request, put_outcome, &become);
}

// Whoever is asked for more after a plan begins anew.
static void forget(struct execution *e) {
  u32 inherited = e->inherited;
  u8 fronted = e->fronted;
  i32 bun = e->bun;
  execution_free(e);
  execution_init(e);
  e->inherited = inherited;
  e->fronted = fronted;
  e->bun = bun;
}

// Nobody is told of the end of a program that runs; one that could not be started is taken back.
static void start_and_leave(struct execution *e, u32 request) {
  u32 pid = (u32)e->pid;
  int failed = execution_start(e);
  tell_started(e, request, pid);
  if (failed) execution_abandon(e);
}

// Waits for the program, which has no monitor, and takes the container back. What it ended with, as wait4(2) says it.
static i32 start_and_wait(struct execution *e, u32 request, struct attendance *attendance) {
  u32 pid = (u32)e->pid;
  if (attendance) attend_begin(attendance, e);
  execution_start(e);
  tell_started(e, request, pid);
  execution_own_records(e);
  if (attendance) attend(attendance, e);
  i32 status = 0;
  long got = -EINTR;
  while (got == -EINTR) got = SYS(wait4, e->pid, &status, 0, 0);
  if (attendance) attend_end(attendance, e);
  e->pid = 0;
  execution_undo(e, UNDO_ALL);
  tell_exit(request, pid, status);
  return status;
}

static int tell_done(u32 request) { return frame_write(WIRE, FRAME_DONE, request, (struct span){NULL, 0}); }

static int send_terminal(struct execution *e, const struct frame *frame) {
  struct reader r = {frame->payload.at, frame->payload.at + frame->payload.length, NULL, 0};
  struct frame_send_terminal f;
  if (get_frame_send_terminal(&r, &f) < 0) return -EPROTO;
  long done = attend_send_master(e->master, f.path);
  return done < 0 ? reply_error(frame->request, done, "cannot send the terminal") : tell_done(frame->request);
}

static int is_terminal_asked(const struct frame *frame) {
  struct reader r = {frame->payload.at, frame->payload.at + frame->payload.length, NULL, 0};
  struct frame_attend f;
  return get_frame_attend(&r, &f) == 0 && f.terminal;
}

enum { GO_ON = -1 };

// Who was left alone while its program ran ends as the program did: nobody is there to say otherwise.
static int attended(struct execution *e, const struct frame *frame) {
  struct attendance attendance = {.terminal = (u8)is_terminal_asked(frame)};
  i32 status = start_and_wait(e, frame->request, &attendance);
  u8 next;
  if (SYS(recvfrom, WIRE, &next, 1, ABI_MSG_PEEK | ABI_MSG_DONTWAIT, 0, 0) != 0) return GO_ON;
  caller_deserted();
  return (status & 0x7f) ? 128 + (status & 0x7f) : (status >> 8) & 0xff;
}

// Between the gate and the start, without a monitor. A caller that goes away leaves a child with a FIFO gate standing;
// any other is taken back. The process's end, or GO_ON.
static int stand_at_gate(struct execution *e) {
  struct frame frame;
  while (frame_read(WIRE, &frame) > 0) {
    int served = 0;
    u32 request = frame.request;
    switch (frame.type) {
      case FRAME_START: start_and_wait(e, request, NULL); return 0;
      case FRAME_ATTEND: return attended(e, &frame);
      case FRAME_START_AND_LEAVE: start_and_leave(e, request); return GO_ON;
      case FRAME_DETACH:
        if (!e->fifo_gate || sync_send(e, SYNC_GO) < 0) break;
        tell_done(request);
        return GO_ON;
      case FRAME_ABANDON:
        execution_abandon(e);
        tell_done(request);
        return GO_ON;
      case FRAME_EXIT:
        execution_abandon(e);
        return caller_leave(&frame, e->bun);
      case FRAME_SEND_TERMINAL: served = send_terminal(e, &frame) < 0 ? -1 : 1; break;
      default: served = caller_serve(WIRE, &frame);
    }
    frame_free(&frame);
    if (served < 0) break;
    if (served == 0) reply_error(request, -EPROTO, "only START, or DETACH with a FIFO gate, can follow a plan");
  }
  execution_abandon(e);
  return e->fronted ? caller_deserted() : 1;
}

// The process's end, or GO_ON: another request may follow.
static int plan(struct execution *e, struct frame *frame) {
  e->caller = WIRE;
  int failed = execute_plan(e, frame->payload, 0);
  e->caller = -1;
  u32 request = frame->request;
  if (failed && e->failed == NO_FAILURE) {
    frame_free(frame);
    return reply_error(request, failed, "a plan that cannot be decoded") < 0 ? 0 : GO_ON;
  }
  if (!failed && e->monitor) {
    failed = monitor_open(e, WIRE);
    if (failed) {
      execution_abandon(e);
      reply_error(request, failed, "the monitor cannot be set up");
      return 1;
    }
  }
  answer_plan(e, request);
  if (!failed && e->monitor) return monitor_run();
  int code = failed ? GO_ON : stand_at_gate(e);
  forget(e);
  frame_free(frame);
  return code;
}

// As plan().
static int obey(struct execution *e, struct frame *frame) {
  int served = 1, code = GO_ON;
  switch (frame->type) {
    case FRAME_PLAN: return plan(e, frame);
    case FRAME_BATCH: served = batch(e, frame) < 0 ? -1 : 1; break;
    case FRAME_ABANDON: served = tell_done(frame->request) < 0 ? -1 : 1; break;
    case FRAME_EXIT: code = caller_leave(frame, e->bun); break;
    default: served = caller_serve(WIRE, frame);
  }
  if (served == 0) served = reply_error(frame->request, -EPROTO, "not a frame for an executor");
  frame_free(frame);
  return served < 0 ? 1 : code;
}

int inro_executor_main(int argc, char **argv) {
  static struct execution execution __attribute__((aligned(4096)));
  struct frame frame;
  u32 passed = argc > 1 ? number_of(argv[1], 1000) : 0;
  own_descriptors(passed);
  SYS(prctl, PR_SET_NAME, "inro-executor", 0, 0, 0);
  execution_init(&execution);
  execution.inherited = passed;
  execution.fronted = argc > 2;
  execution.bun = argc > 2 ? (i32)number_of(argv[2], 0x7fffffff) : 0;
  for (;;) {
    int got = frame_read(WIRE, &frame);
    if (got <= 0) return execution.fronted ? caller_deserted() : got < 0;
    int code = obey(&execution, &frame);
    if (code != GO_ON) return code;
  }
}
