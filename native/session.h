// A session is one process that the monitor started and whose streams it owns: the container's own process, or exec's.
//
//   created ── start gate opens ─▶ running ── reaped ─▶ ended ── drained ─▶ recorded
//
// `ended` lasts until the output is read to its end. Grandchildren may hold the pipes open: then it lasts until they
// were quiet for QUIET_MS, and never longer than DRAIN_MS.
#ifndef INRO_SESSION_H
#define INRO_SESSION_H

#include "log.h"
#include "sys.h"

enum { QUIET_MS = 250, DRAIN_MS = 2000, SESSION_ID_MAX = 64 };

// OPENING: an exec session that has no program yet (opening.h).
enum session_state { SESSION_FREE, SESSION_CREATED, SESSION_RUNNING, SESSION_ENDED, SESSION_RECORDED, SESSION_OPENING };

struct session {
  u8 state;
  u8 terminal;
  u8 stdin_once;  // the end of the first client that wrote is the end of the input
  u8 input_full;  // the program does not read: clients' bytes wait in their sockets
  u8 hung;        // every slave of the pty is closed; it may be opened again
  u8 oom_killed;
  u16 number;     // of its row
  char id[SESSION_ID_MAX + 1];  // "" is the container itself
  i32 pid, pidfd;
  i32 input;      // write end of stdin, -1 when closed
  i32 output[2];  // read ends of stdout and stderr
  i32 master;     // of the pty, instead of the three
  u32 watched[4]; // epoll masks: stdout, stderr, input, master
  i32 wait_status;
  u64 started, ended;  // ns since the epoch; 0: never
  u64 quiet_until, drain_until;  // monotonic ms
  u8 *pending;  // exec only: what its client's socket did not take yet; nothing more is read meanwhile
  u32 pending_from, pending_to;
  struct opening *opening;  // its program is being started
};

struct monitor;

struct execution;

// A session without a child yet. NULL: there are too many.
struct session *session_open(struct monitor *m, const char *id);
// Takes over the child, its pidfd and its streams.
void session_take(struct monitor *m, struct session *s, const struct execution *e);
void session_event(struct monitor *m, struct session *s, u32 part, u32 events);
// Reaps every child that ended; an orphan's end is nobody's.
void session_reap(struct monitor *m);
// Moves what has ended and drained to `recorded`. Returns ms until it wants to be asked again, or -1.
int session_settle(struct monitor *m);
// One attempt to write a client's bytes to the program. Returns the bytes taken, or -EAGAIN.
long session_feed(struct monitor *m, struct session *s, const u8 *bytes, size_t n);
void session_close_input(struct monitor *m, struct session *s);
void session_watch(struct monitor *m, struct session *s);
struct session *session_find(const struct monitor *m, const char *id);
int session_id_valid(const char *id, size_t n);
long session_signal(struct session *s, u32 signo);
long session_resize(struct session *s, u32 rows, u32 columns);

#endif
