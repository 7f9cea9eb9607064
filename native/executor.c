// The role `inro-executor`: batches, then one plan, over descriptor 3. With a `monitor` operation it then is the
// container's monitor; without one it waits for START or DETACH (src/kernel/plan/frames.ts).
#include "executor.h"

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

// A count in decimal digits; what is none is 0.
static u32 passed_descriptors(const char *text) {
  u32 count = 0;
  for (; *text >= '0' && *text <= '9' && count < 1000; text++) count = count * 10 + (u32)(*text - '0');
  return *text ? 0 : count;
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

// Waits for the program, which has no monitor, and takes the container back. The exit is the last frame.
static int wait_for_end(struct execution *e, u32 request) {
  struct frame_exited f = {.pid = (u32)e->pid};
  i32 status = 0;
  long got = -EINTR;
  while (got == -EINTR) got = SYS(wait4, e->pid, &status, 0, 0);
  f.code = (status & 0x7f) == 0 ? (u32)(status >> 8) & 0xff : 0;
  f.signal = (u32)status & 0x7f;
  e->pid = 0;
  execution_undo(e, UNDO_ALL);
  u8 room[128];
  struct writer w = {room, room + sizeof room, 0};
  put_frame_exited(&w, &f);
  frame_write(WIRE, FRAME_EXITED, request, (struct span){room, (u32)w.needed});
  return 0;
}

// Nobody is told of the end of a program that runs; one that could not be started is taken back.
static int start_and_leave(struct execution *e, u32 request) {
  u32 pid = (u32)e->pid;
  int failed = execution_start(e);
  struct range become = {e, e->plan.first[ACT_BECOME], e->plan.first[ACT_UNDO], pid};
  reply(FRAME_STARTED, request, put_outcome, &become);
  if (failed) execution_abandon(e);
  return failed != 0;
}

static int start_and_wait(struct execution *e, u32 request) {
  u32 pid = (u32)e->pid;
  execution_start(e);
  struct range become = {e, e->plan.first[ACT_BECOME], e->plan.first[ACT_UNDO], pid};
  reply(FRAME_STARTED, request, put_outcome, &become);
  execution_own_records(e);
  return wait_for_end(e, request);
}

// Between the gate and the start, without a monitor. A caller that goes away leaves a child with a FIFO gate standing;
// any other is taken back.
static int stand_at_gate(struct execution *e) {
  struct frame frame;
  while (frame_read(WIRE, &frame) > 0) {
    frame_free(&frame);
    if (frame.type == FRAME_START) return start_and_wait(e, frame.request);
    if (frame.type == FRAME_DETACH && e->fifo_gate && sync_send(e, SYNC_GO) == 0) {
      frame_write(WIRE, FRAME_DONE, frame.request, (struct span){NULL, 0});
      return 0;
    }
    if (frame.type == FRAME_START_AND_LEAVE) return start_and_leave(e, frame.request);
    reply_error(frame.request, -EPROTO, "only START, or DETACH with a FIFO gate, can follow a plan");
  }
  execution_abandon(e);
  return 1;
}

// 0: the plan failed, and another request may follow; else the process's end, plus 1.
static int plan(struct execution *e, struct frame *frame) {
  e->caller = WIRE;
  int failed = execute_plan(e, frame->payload, 0);
  e->caller = -1;
  u32 request = frame->request;
  if (failed && e->failed == NO_FAILURE) {
    frame_free(frame);
    return reply_error(request, failed, "a plan that cannot be decoded") < 0 ? 1 : 0;
  }
  if (!failed && e->monitor) {
    failed = monitor_open(e, WIRE);
    if (failed) {
      execution_abandon(e);
      reply_error(request, failed, "the monitor cannot be set up");
      return 1 + 1;
    }
  }
  answer_plan(e, request);
  if (failed) {
    u32 inherited = e->inherited;
    execution_free(e);
    execution_init(e);
    e->inherited = inherited;
    frame_free(frame);
    return 0;
  }
  return 1 + (e->monitor ? monitor_run() : stand_at_gate(e));
}

int inro_executor_main(int argc, char **argv) {
  static struct execution execution;
  struct frame frame;
  u32 passed = argc > 1 ? passed_descriptors(argv[1]) : 0;
  own_descriptors(passed);
  SYS(prctl, PR_SET_NAME, "inro-executor", 0, 0, 0);
  execution_init(&execution);
  execution.inherited = passed;
  for (;;) {
    int got = frame_read(WIRE, &frame);
    if (got <= 0) return got < 0;
    int over = 0;
    if (frame.type == FRAME_PLAN) over = plan(&execution, &frame);
    else {
      int failed = frame.type == FRAME_BATCH ? batch(&execution, &frame) : reply_error(frame.request, -EPROTO, "not a frame for an executor");
      frame_free(&frame);
      if (failed < 0) return 1;
    }
    if (over) return over - 1;
  }
}
