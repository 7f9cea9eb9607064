// What clients may ask of a monitor, one function for each frame. See monitor_request.h.
#include "monitor_request.h"

#include "monitor_abi.h"
#include "opening.h"

// The session that a well-formed frame names, or NULL after an answer was given.
static struct session *named(struct monitor *m, const struct request *r, int malformed, const char *id) {
  struct session *s = malformed ? NULL : session_find(m, id);
  if (malformed) answer_failed(m, r, -EBADMSG, "the frame is malformed");
  else if (s == NULL) answer_failed(m, r, -ENOENT, "no such session");
  return s;
}

static void on_state(struct monitor *m, struct request *r) {
  struct frame_state f;
  int malformed = get_frame_state(&r->fields, &f);
  struct session *s = malformed ? NULL : session_find(m, f.session);
  struct frame_state_is is = {0};
  if (s) is = (struct frame_state_is){s->state == SESSION_OPENING ? SESSION_CREATED : s->state, (u32)s->pid, s->started, s->terminal};
  struct answer a;
  put_frame_state_is(answer_begin(&a, FRAME_STATE_IS, r->number), &is);
  answer_send(m, r->client, &a);
}

static void on_signal(struct monitor *m, struct request *r) {
  struct frame_signal f;
  int malformed = get_frame_signal(&r->fields, &f);
  struct session *s = named(m, r, malformed, f.session);
  if (s) answer_result(m, r, session_signal(s, f.signal), "the signal could not be sent");
}

static void on_resize(struct monitor *m, struct request *r) {
  struct frame_resize f;
  int malformed = get_frame_resize(&r->fields, &f);
  struct session *s = named(m, r, malformed, f.session);
  if (s) answer_result(m, r, session_resize(s, f.rows, f.columns), "the session has no terminal");
}

static void on_wait(struct monitor *m, struct request *r) {
  struct frame_wait f;
  int malformed = get_frame_wait(&r->fields, &f);
  struct session *s = named(m, r, malformed, f.session);
  if (s == NULL) return;
  if (s->state == SESSION_RECORDED && (s != m->container || m->over)) {
    answer_exit(m, r->client, r->number, s);
    if (s != m->container) s->state = SESSION_FREE;
    return;
  }
  for (u32 i = 0; i < MAX_ROWS; i++)
    if (m->rows[i].wait.client == NULL) {
      m->rows[i].wait = (struct wait){r->client, s, r->number};
      return;
    }
  answer_failed(m, r, -EBUSY, "too many are waiting");
}

static void on_close_stdin(struct monitor *m, struct request *r) {
  struct frame_close_stdin f;
  int malformed = get_frame_close_stdin(&r->fields, &f);
  struct session *s = named(m, r, malformed, f.session);
  if (s == NULL) return;
  session_close_input(m, s);
  answer_result(m, r, 0, "");
}

static void on_reopen_log(struct monitor *m, struct request *r) {
  answer_result(m, r, m->log_is_spool ? -ENOENT : log_reopen(&m->log), "the log could not be opened");
}

static void on_clear_log(struct monitor *m, struct request *r) {
  answer_result(m, r, m->log_is_spool ? -ENOENT : log_clear(&m->log), "the log could not be opened");
}

#define NO_NAMES "the container has no name sockets"

static void on_names(struct monitor *m, struct request *r) {
  answer_result(m, r, m->names.datagrams < 0 ? -ENOENT : 0, NO_NAMES);
  if (r->client->kind != CLIENT_FREE) names_serve(m, r->client);
}

static void on_await_names(struct monitor *m, struct request *r) {
  int done = names_await(m, r->client, r->number);
  if (done < 0) answer_failed(m, r, done, NO_NAMES);
}

static void on_await_kills(struct monitor *m, struct request *r) {
  struct frame_await_kills f;
  int done = get_frame_await_kills(&r->fields, &f) ? -EBADMSG : kills_await(m, r->client, r->number, f.known);
  if (done < 0) answer_failed(m, r, done, "out-of-memory kills are not counted");
}

// Its answer went to the container.
static void on_reply(struct monitor *m, struct request *r) {
  struct frame_reply f;
  if (get_frame_reply(&r->fields, &f) == 0) names_reply(m, f.peer, f.data.at, f.data.length);
}

static u8 wanted(u8 out, u8 errors) { return (u8)((out ? 1 << STREAM_STDOUT : 0) | (errors ? 1 << STREAM_STDERR : 0)); }

static void on_attach(struct monitor *m, struct request *r) {
  struct client *c = r->client;
  struct frame_attach f;
  int malformed = get_frame_attach(&r->fields, &f);
  struct session *s = named(m, r, malformed, f.session);
  if (s == NULL) return;
  if (s != m->container) {
    answer_failed(m, r, -EINVAL, "only the container's own session can be attached to");
    return;
  }
  struct answer a;
  put_frame_attached(answer_begin(&a, FRAME_ATTACHED, r->number), &(struct frame_attached){s->terminal});
  answer_send(m, c, &a);
  if (c->kind == CLIENT_FREE) return;
  c->writes_input = f.stdin;
  c->wants = wanted(f.stdout, f.stderr);
  c->input_open = 1;
  attach_begin(m, c, s, f.logs);
}

void request_handle(struct monitor *m, struct client *c) {
  u16 type;
  u32 number;
  memcpy(&type, c->head + 4, 2);
  memcpy(&number, c->head + 8, 4);
  struct request r = {c, number, {c->payload, c->payload + c->length, NULL, 0}};
  switch (type) {
    case FRAME_STATE: on_state(m, &r); break;
    case FRAME_START: opening_start(m, &r); break;
    case FRAME_SIGNAL: on_signal(m, &r); break;
    case FRAME_RESIZE: on_resize(m, &r); break;
    case FRAME_WAIT: on_wait(m, &r); break;
    case FRAME_ATTACH: on_attach(m, &r); break;
    case FRAME_EXEC: opening_exec(m, &r); break;
    case FRAME_CLOSE_STDIN: on_close_stdin(m, &r); break;
    case FRAME_NAMES: on_names(m, &r); break;
    case FRAME_AWAIT_NAMES: on_await_names(m, &r); break;
    case FRAME_AWAIT_KILLS: on_await_kills(m, &r); break;
    case FRAME_REPLY: on_reply(m, &r); break;
    case FRAME_REOPEN_LOG: on_reopen_log(m, &r); break;
    case FRAME_CLEAR_LOG: on_clear_log(m, &r); break;
    default: answer_failed(m, &r, -EOPNOTSUPP, "this monitor does not know that frame"); break;
  }
}
