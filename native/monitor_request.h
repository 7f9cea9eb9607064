// Requests and answers: the monitor's frames (src/kernel/plan/frames.ts).
#ifndef INRO_MONITOR_REQUEST_H
#define INRO_MONITOR_REQUEST_H

#include "execute.h"
#include "generated/frames.h"
#include "monitor.h"

enum { REPLY_MAX = 256 };

struct request {
  struct client *client;
  u32 number;
  struct reader fields;
};

struct answer {
  u8 bytes[REPLY_MAX];
  struct writer fields;
};

// Handles the frame that the client's `head` and `payload` hold.
void request_handle(struct monitor *m, struct client *c);

struct writer *answer_begin(struct answer *a, u16 type, u32 request);
// A client that does not read its answers is let go: answers are never kept in memory.
void answer_send(struct monitor *m, struct client *c, struct answer *a);
void answer_failed(struct monitor *m, const struct request *r, long error, const char *why);
// DONE, or ERROR for a negative result.
void answer_result(struct monitor *m, const struct request *r, long result, const char *why);
void answer_exit(struct monitor *m, struct client *c, u32 request, const struct session *s);

#endif
