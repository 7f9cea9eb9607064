// Out-of-memory kills in the container's memory cgroup: counted, and told to who waits for the next (AWAIT_KILLS and KILLS of
// src/kernel/plan/frames.ts).
#ifndef INRO_KILLS_H
#define INRO_KILLS_H

#include "sys.h"

struct client;
struct monitor;

struct kills {
  i32 bell;               // + 1; what the kernel rings when memory is out; 0: nobody has waited yet
  struct client *waiter;  // of several the last
  u32 request;
  u32 known;              // how many the waiter knows of
  u64 look_until;         // monotonic ms: the bell has rung, the kill may be still to come
};

// How many there were, by the kernel's own count; 0 where it is not kept.
u32 kills_count(const struct monitor *m);
// `waiter` is answered when there are more than `known`. 0 or -ENOENT: there is no memory cgroup.
int kills_await(struct monitor *m, struct client *waiter, u32 request, u32 known);
void kills_event(struct monitor *m);
// Answers who waits, where the bell has rung and there is something to tell. Returns in how many ms to look again, or -1.
int kills_look(struct monitor *m);
// It hung up.
void kills_forget(struct monitor *m, struct client *c);
// Before the cgroup goes.
void kills_close(struct monitor *m);

#endif
