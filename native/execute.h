// Executing batches and plans (docs/PLAN.md), and what the executor hands to the monitor.
//
//   executor:  decode all ─ host ─ clone ──┬─ map ───────────────┬─ wait for the gate ─▶ PLAN_RESULT
//   child:                                 └─ build ─ confine ───┴─ gate … ─ become ─▶ the program
//
// The child writes its records into memory shared with its parent; both talk over `sync`, a SOCK_SEQPACKET pair:
// numbered points, the terminal's master (SCM_RIGHTS), READY at the gate, GO back. Its end in the child is
// close-on-exec, so that its end of file without a failed record means: the program runs.
#ifndef INRO_EXECUTE_H
#define INRO_EXECUTE_H

#include "generated/frames.h"
#include "generated/operations.h"
#include "sys.h"

enum { DETAIL_SIZE = 232, NO_FAILURE = 0xffffffff };

// How one operation went. `step` is the number of the system call that answered, NO_STEP for a check of ours.
enum { NO_STEP = 0xffff };
enum record_state { RECORD_NOT_RUN, RECORD_DONE, RECORD_FAILED, RECORD_TOLERATED };
struct record {
  u16 step;
  u8 state;
  i32 error;  // an errno, positive
  u32 ns;
  u64 value;
  struct span data;  // batches: netlink's answer
  char detail[DETAIL_SIZE];
};

// A decoded plan; everything that it points to lies in one mapping.
struct plan {
  struct op *ops;
  u32 count;
  u32 first[ACT_COUNT + 1];  // act n is ops[first[n]] … ops[first[n + 1] - 1]
  void *memory;
  size_t size;
};

struct execution {
  struct plan plan;
  struct record *records;  // one for each operation, shared with the child
  u32 failed;              // the first operation that failed, or NO_FAILURE

  i32 pid;    // of the child; 0 before the clone and after it was reaped
  i32 pidfd;  // the container's own, kept open
  i32 sync;   // the parent's end

  // The parent's ends of the standard streams; -1 where there is none.
  i32 input, output, errors, master;
  u32 inherited;  // descriptors behind the wire, which the executor was started with
  u32 passed;     // as many of them are the program's
  u8 fronted; // the executor is a front still (caller.h)
  i32 bun;    // who serves that front alone, its child; 0
  u8 terminal;
  u8 started;
  u8 fifo_gate;  // the start is a byte in a FIFO: the child may be left alone at its gate

  const struct op_monitor *monitor;  // points into `plan`; NULL: nobody stays
  i32 datagrams, listener;           // of `nameSockets`; -1
  i32 memory_cgroup;                 // monitor's `memory` slot; -1

  u32 next;               // of act `map`, for who does not wait
  u8 ended;               // the child was reaped by somebody else, with `status`
  u8 unattended;          // a child that is killed is reaped by somebody else
  i32 status;
  u32 deadline_ms;        // for each wait on the child; 0: for ever
  i32 caller;             // whose hanging up ends such a wait; -1: nobody's

  // Where the child's ends of the streams wait for it.
  i32 child_streams[3];
  i32 child_sync;
  u32 arrived;     // bit n: the child has released point n
  u8 ready;        // the child stands at its gate
  u8 in_child;     // this is the child's copy
  u8 silent;       // after seccomp: no time is taken
  u8 partial;      // a plan that failed is being undone
  u8 elsewhere;    // the hooks that come are called by somebody else (op_claim)
  u64 clock;       // monotonic ns at the end of the last operation
  i32 peer;        // child: the terminal's peer
  i32 own;            // pidfd of the executor, while its children are born into namespaces that it is not in
  u32 borrowed;       // CLONE_NEW* of those
  i32 cpus;           // bytes of the executor's own processors, which wait in scheduling.c while it borrows a child's; 0
  const struct op_join_namespace *joined[8];  // by a process between, in this order, before it clones the child
  u32 joined_count;
  i32 empty;          // child: an attached empty tmpfs, whose clones cover masked folders

  i32 slots[SLOT_LIMIT];  // descriptor + 1; 0: not defined. The last: most are never used, and the first lie on the page of all else
};

void execution_init(struct execution *e);

// Decodes the payload of PLAN or of an EXEC frame's `acts`, executes `host` to `confine`; returns when the child
// stands at its gate. 0, or -errno: then everything is undone, the child is reaped, and `failed` and the records tell.
// The message has to stay mapped as long as the execution lives. `deadline_ms`: 0 waits forever.
int execute_plan(struct execution *e, struct span acts, u32 deadline_ms);

// The same for who may not wait (the monitor): up to the clone, 0 or -errno as above; then, whenever the child's end of the
// sync has something to say, what of it can be done. EXECUTION_PENDING: more has to come; 0: at the gate; -errno.
enum { EXECUTION_PENDING = 1 };
int execution_begin(struct execution *e, struct span acts);
int execution_advance(struct execution *e);
void execution_open_gate(struct execution *e);
// 0: the program runs; -errno: it could not be started.
int execution_launched(struct execution *e);
// What is told of the child by who reaps for everybody; and the end of a child that nobody here may wait for.
void execution_child_ended(struct execution *e, i32 status);
void execution_abandon_unreaped(struct execution *e);

// Takes back a plan that stands at its gate: the child is killed and reaped, `undo` is executed.
void execution_abandon(struct execution *e);

// Opens the gate and waits until the program runs (0) or could not be started (-errno; the child is gone or going: its
// end is reported like every other).
int execution_start(struct execution *e);

// The act `undo`, or some of it: every operation is tried, what fails is kept in its record. An interface's removal waits
// for the kernel's grace periods (netdev_run_todo, 20 ms), and a hook may take its time: whoever waits for a container's
// end need not wait for those.
enum undo_part { UNDO_FIRST = 1, UNDO_INTERFACES = 2, UNDO_HOOKS = 4, UNDO_ALL = 7 };
void execution_undo(struct execution *e, u32 parts);

// The records of the operations from..to (indices into the plan) that were executed, in the form of the frames.
void put_records(struct writer *w, const struct execution *e, u32 from, u32 to);

// The child shared the records until it was a program; pid 1 of ours (op_reaper) is not one and shares them still. From
// here on what is in them is the parent's alone: it may not trust a word of a container's memory.
void execution_own_records(struct execution *e);

// Descriptors of slots are closed; memory is given back. The streams, pidfd and child stay with whoever took them.
void execution_drop_slots(struct execution *e);
void execution_free(struct execution *e);

// plan.c -------------------------------------------------------------------------------------------------------------
// All of a plan, or of a batch as an act `host`, is decoded and checked before its first operation runs. 0 or -errno.
int plan_decode(struct plan *plan, struct span from);
int batch_decode(struct plan *plan, struct span from);
void plan_free(struct plan *plan);
// The slot in the field at an offset of the definition table; NO_SLOT.
u16 op_slot(const struct op *op, u8 offset);

// frame.c ------------------------------------------------------------------------------------------------------------
struct frame {
  u16 type;
  u32 request;
  struct span payload;  // in a mapping of its own
};

// A whole frame from a blocking descriptor. 1, 0 at the end of the stream, or -errno (-EPROTO, -EMSGSIZE).
int frame_read(i32 fd, struct frame *frame);
void frame_free(struct frame *frame);
// Header and payload, all of it. 0 or -errno.
int frame_write(i32 fd, u16 type, u32 request, struct span payload);

// Fills 12 bytes.
void frame_header(u8 *to, u16 type, u32 request, u32 payload);

void *map_memory(size_t size);
void unmap_memory(void *at, size_t size);

#endif
