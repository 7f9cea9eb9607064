// An opening is what the monitor waits for between a START or EXEC and its answer: the container's program, or an exec
// session's from its clone on. It is one more thing to be told of by epoll: a child that is slow, stopped or frozen keeps
// nobody waiting but who asked for it.
#ifndef INRO_OPENING_H
#define INRO_OPENING_H

#include "monitor_request.h"

// START: opens the container's gate; answers STARTED when its program runs, or could not be started.
void opening_start(struct monitor *m, const struct request *r);
// EXEC: executes the plan and opens its gate. The client's frame is taken over; it becomes the session's stream.
void opening_exec(struct monitor *m, const struct request *r);
// The child has said something, or its end of the sync is closed.
void opening_event(struct monitor *m, struct session *s);
// A session's opening has waited long enough. Milliseconds until it wants to be asked again, or -1.
int opening_settle(struct monitor *m, struct session *s);
// A child was reaped: the session's, if it is being started.
void opening_child_ended(struct monitor *m, struct session *s, i32 pid, i32 status);
// Nobody waits for the answer any more.
void opening_forget(struct monitor *m, const struct client *c);

#endif
