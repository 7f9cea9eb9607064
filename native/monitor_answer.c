// Answers to requests. See monitor_request.h.
#include "monitor_request.h"

#include "monitor_abi.h"

struct writer *answer_begin(struct answer *a, u16 type, u32 request) {
  a->fields = (struct writer){a->bytes, a->bytes + REPLY_MAX, 0};
  put_u32(&a->fields, 0);
  put_u16(&a->fields, type);
  put_u16(&a->fields, 0);
  put_u32(&a->fields, request);
  return &a->fields;
}

void answer_send(struct monitor *m, struct client *c, struct answer *a) {
  size_t n = (size_t)(a->fields.at - a->bytes);
  u32 length = (u32)(n - 4);
  memcpy(a->bytes, &length, 4);
  long sent = SYS(sendto, c->fd, a->bytes, n, ABI_MSG_DONTWAIT | ABI_MSG_NOSIGNAL, 0, 0);
  if (sent != (long)n) client_close(m, c);
}

void answer_failed(struct monitor *m, const struct request *r, long error, const char *why) {
  struct answer a;
  put_frame_error(answer_begin(&a, FRAME_ERROR, r->number), &(struct frame_error){(i32)-error, why});
  answer_send(m, r->client, &a);
}

void answer_result(struct monitor *m, const struct request *r, long result, const char *why) {
  if (result < 0) {
    answer_failed(m, r, result, why);
    return;
  }
  struct answer a;
  answer_begin(&a, FRAME_DONE, r->number);
  answer_send(m, r->client, &a);
}

void answer_exit(struct monitor *m, struct client *c, u32 request, const struct session *s) {
  u32 signal = (u32)s->wait_status & 0x7f;
  struct frame_exited exited = {
      .pid = (u32)s->pid,
      .code = signal ? 0 : (u32)s->wait_status >> 8 & 0xff,
      .signal = signal,
      .oom_killed = s->oom_killed,
      .started_at = s->started,
      .finished_at = s->ended,
      .lost_bytes = s == m->container ? m->log.lost : 0,
  };
  struct answer a;
  put_frame_exited(answer_begin(&a, FRAME_EXITED, request), &exited);
  answer_send(m, c, &a);
}

int socket_answer_waits(struct monitor *m, struct session *s) {
  int told = 0;
  for (u32 i = 0; i < MAX_ROWS; i++) {
    struct wait *w = &m->rows[i].wait;
    if (w->client == NULL || w->session != s) continue;
    struct client *c = w->client;
    w->client = NULL;
    answer_exit(m, c, w->request, s);
    told = 1;
  }
  return told;
}

void socket_forget_waits(struct monitor *m, struct client *c) {
  for (u32 i = 0; i < MAX_ROWS; i++)
    if (m->rows[i].wait.client == c) m->rows[i].wait.client = NULL;
}
