// What a front does for who serves it, as itself and as the executor that it becomes: src/kernel/plan/frames.ts, "the
// front's".
#ifndef INRO_CALLER_H
#define INRO_CALLER_H

#include "execute.h"

// 1: OUTPUT or TAKE, and done; 0: another frame; -errno: the wire is gone.
int caller_serve(i32 wire, const struct frame *frame);
// What an EXIT frame says; output that nobody took is a failure too. A Bun that served this caller alone has ended then: whoever
// removes the caller's cgroup finds nobody in it.
int caller_leave(const struct frame *frame, i32 bun);
// Says on standard error that whoever served it is gone; the exit code for that.
int caller_deserted(void);
void caller_complain(const char *text);

#endif
