// What clients may ask of a monitor, one function for each frame. See monitor_request.h.
#include "monitor_request.h"

#include "monitor_abi.h"

// How long a program may take from its clone to its gate, and from its gate to its exec.
enum { START_MS = 30 * 1000 };

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
  if (s) is = (struct frame_state_is){s->state, (u32)s->pid, s->started, s->terminal};
  struct answer a;
  put_frame_state_is(answer_begin(&a, FRAME_STATE_IS, r->number), &is);
  answer_send(m, r->client, &a);
}

// STARTED, with the records of the operations from..to.
static void answer_started(struct monitor *m, const struct request *r, const struct execution *e, u32 from, u32 to) {
  struct writer measure = {NULL, NULL, 0};
  put_records(&measure, e, from, to);
  size_t size = WIRE_HEADER + 8 + measure.needed;
  u8 *bytes = map_memory(size);
  if (bytes == NULL) {
    answer_failed(m, r, -ENOMEM, "no memory for the records");
    return;
  }
  frame_header(bytes, FRAME_STARTED, r->number, (u32)(size - WIRE_HEADER));
  struct writer w = {bytes + WIRE_HEADER, bytes + size, 0};
  put_u32(&w, e->failed == NO_FAILURE ? (u32)e->pid : 0);
  put_u32(&w, e->failed);
  put_records(&w, e, from, to);
  long sent = SYS(sendto, r->client->fd, bytes, size, ABI_MSG_DONTWAIT | ABI_MSG_NOSIGNAL, 0, 0);
  unmap_memory(bytes, size);
  if (sent != (long)size) client_close(m, r->client);
}

static void on_start(struct monitor *m, struct request *r) {
  struct session *s = m->container;
  struct execution *e = m->execution;
  if (s->state != SESSION_CREATED) {
    answer_failed(m, r, -EALREADY, "it was started before");
    return;
  }
  u64 now = moment_ns(moment_now());
  s->state = SESSION_RUNNING;
  int failed = execution_start(e, START_MS);
  int late = failed < 0 && e->failed == NO_FAILURE;
  if (failed == 0) s->started = now;
  // Told that it does not run, nobody expects it to run after all.
  if (late) SYS(pidfd_send_signal, e->pidfd, 9, 0, 0);
  if (late) answer_failed(m, r, failed, "the program could not be started");
  else answer_started(m, r, e, e->plan.first[ACT_BECOME], e->plan.first[ACT_BECOME + 1]);
  monitor_slim(m);
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

static void drop_streams(struct execution *e) {
  i32 fds[] = {e->pidfd, e->input, e->output, e->errors, e->master};
  for (u32 i = 0; i < 5; i++)
    if (fds[i] >= 0) SYS(close, fds[i]);
}

// Executes the plan and answers STARTED. NULL: the program does not run, and the answer says why.
static struct session *exec_begin(struct monitor *m, struct request *r, struct execution *e, const struct frame_exec *f) {
  execution_init(e);
  u64 now = moment_ns(moment_now());
  int failed = execute_plan(e, f->acts, START_MS);
  if (failed == 0) failed = execution_start(e, START_MS);
  if (failed < 0 && e->failed == NO_FAILURE) answer_failed(m, r, failed, "the program could not be started");
  else answer_started(m, r, e, 0, e->plan.count);
  struct session *s = failed < 0 || r->client->kind == CLIENT_FREE ? NULL : session_begin(m, f->session, e);
  if (s == NULL) {
    // One that did not reach its program in time would start it later, and nobody would know.
    if (e->pidfd >= 0) SYS(pidfd_send_signal, e->pidfd, 9, 0, 0);
    drop_streams(e);
    return NULL;
  }
  s->state = SESSION_RUNNING;
  s->started = now;
  return s;
}

static void on_exec(struct monitor *m, struct request *r) {
  struct client *c = r->client;
  struct frame_exec f;
  if (get_frame_exec(&r->fields, &f) < 0 || !session_id_valid(f.session, strlen(f.session))) {
    answer_failed(m, r, -EBADMSG, "the frame is malformed");
    return;
  }
  int taken = session_find(m, f.session) != NULL;
  if (taken || m->container->state != SESSION_RUNNING) {
    answer_failed(m, r, taken ? -EEXIST : -ESRCH, taken ? "the session exists" : "the container does not run");
    return;
  }
  struct execution *e = map_memory(sizeof *e);
  if (e == NULL) {
    answer_failed(m, r, -ENOMEM, "no memory for a session");
    return;
  }
  struct session *s = exec_begin(m, r, e, &f);
  if (s) {
    c->kind = CLIENT_EXEC;
    c->session = s;
    c->writes_input = f.stdin;
    c->wants = wanted(f.stdout, f.stderr);
    c->input_open = 1;
    if (!f.stdin) session_close_input(m, s);
    attach_watch(m, c);
  }
  execution_drop_slots(e);
  execution_free(e);
  unmap_memory(e, sizeof *e);
}

void request_handle(struct monitor *m, struct client *c) {
  u16 type;
  u32 number;
  memcpy(&type, c->head + 4, 2);
  memcpy(&number, c->head + 8, 4);
  struct request r = {c, number, {c->payload, c->payload + c->length, NULL, 0}};
  switch (type) {
    case FRAME_STATE: on_state(m, &r); break;
    case FRAME_START: on_start(m, &r); break;
    case FRAME_SIGNAL: on_signal(m, &r); break;
    case FRAME_RESIZE: on_resize(m, &r); break;
    case FRAME_WAIT: on_wait(m, &r); break;
    case FRAME_ATTACH: on_attach(m, &r); break;
    case FRAME_EXEC: on_exec(m, &r); break;
    case FRAME_CLOSE_STDIN: on_close_stdin(m, &r); break;
    case FRAME_REOPEN_LOG: on_reopen_log(m, &r); break;
    default: answer_failed(m, &r, -EOPNOTSUPP, "this monitor does not know that frame"); break;
  }
}
