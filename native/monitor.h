// The monitor: parent of a container's process. Its laws are in docs/KERNEL.md, "Laws of the monitor".
// One thread, one epoll, everything non-blocking; it decides nothing.
#ifndef INRO_MONITOR_H
#define INRO_MONITOR_H

#include "attach.h"
#include "journal.h"
#include "kills.h"
#include "log.h"
#include "names.h"
#include "session.h"
#include "sys.h"

enum { PATH_MAX_ = 4096, MAX_ROWS = 256 };

// epoll data: what | index << 8
enum watch_kind { WATCH_LISTEN, WATCH_SIGNAL, WATCH_CLIENT, WATCH_OPENING, WATCH_NAMES, WATCH_KILLS, WATCH_SESSION /* + part << 32 */ };
enum session_part { PART_STDOUT, PART_STDERR, PART_INPUT, PART_MASTER };

struct wait {
  struct client *client;
  struct session *session;
  u32 request;
};

struct execution;

struct monitor {
  i32 epoll, signals, listener;
  i32 folder;         // of the container, for exec's exit files
  i32 exit_folder;
  i32 memory_cgroup;  // where out-of-memory kills are counted, or -1
  i32 socket_folder;
  struct execution *execution;
  struct log log;
  u8 log_is_spool;    // the container has no log: one exists while clients are attached
  u8 held;            // the container's output waits for a client (attach_hold)
  u8 over;            // the container's end is recorded and everything is undone
  u8 scratch_dirty;
  u8 no_descriptor;   // the next connection could not be accepted for want of one
  u32 listening;      // the listener's epoll mask
  const char *exit_name;
  const char *spool_path;
  u32 client_top, session_top;  // one beyond the last that was ever used
  struct session *container;
  struct names names;
  struct kills kills;
  u32 kept;
  char texts[2 * PATH_MAX_];  // paths that outlive the plan's message
  // The first of each lie on one page, and the others' pages are never touched by most monitors.
  struct row {
    struct session session;
    struct client client;
    struct wait wait;
  } rows[MAX_ROWS];
  // Behind all else: where there is no journal, its pages are never touched.
  struct journal journal;
};

extern struct monitor the_monitor;

// Takes over from the executor once the child stands at its gate: the plan's `monitor` operation says the rest.
// `control` is the spawner's connection, or -1. 0: monitor.sock listens (then PLAN_RESULT may be answered); else -errno.
int monitor_open(struct execution *execution, i32 control);
// Until the container has ended and its last client was served. Returns the process's exit status.
int monitor_run(void);
// After START nobody reads the plan any more, its act `undo` excepted: its pages go back to the kernel.
void monitor_slim(struct monitor *m);
// Idle: scratch, and what deeper calls once used of the stack, go back to the kernel.
void monitor_rest(struct monitor *m);

// Two scratch areas of 64 KB and a little; given back to the kernel when the monitor is idle.
enum { SCRATCH_SIZE = 64 * 1024 + 4096 };
extern u8 scratch_in[SCRATCH_SIZE];
extern u8 scratch_out[SCRATCH_SIZE];

u64 monotonic_ms(void);
void monitor_watch(struct monitor *m, i32 fd, u64 key, u32 mask, u32 *watched);
// The session's process ended and its output is drained: write the exit file, then tell who waits.
void monitor_record(struct monitor *m, struct session *s);
int monitor_reserve_exit(struct monitor *m);
// The poststop hooks, when nobody is left who would wait for them; the container's log tells of one that failed.
void monitor_call_hooks(struct monitor *m);

// monitor_socket.c
int socket_listen(struct monitor *m, const char *folder);
void socket_accept(struct monitor *m);
struct client *socket_adopt(struct monitor *m, i32 fd);
void socket_close(struct monitor *m);
void socket_receive(struct monitor *m, struct client *c);
int socket_answer_waits(struct monitor *m, struct session *s);  // whether somebody waited
void socket_forget_waits(struct monitor *m, struct client *c);

#endif
