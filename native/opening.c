// See opening.h.
#include "opening.h"

#include "monitor_abi.h"

// How long a program may take from its clone to its exec. Hooks in between have timeouts of their own.
enum { START_MS = 30 * 1000 };

struct opening {
  struct execution *execution;
  struct client *client;  // NULL: it went away
  u32 request;
  u8 at_gate;             // its gate is open: the program is what is waited for
  u8 stdin, wants;        // of an exec's client
  u32 watched;
  u64 until;  // monotonic ms; 0: however long
  u64 asked;  // ns since the epoch
  // An exec's: its frame, to which the plan points, and its execution.
  u8 *payload;
  u32 length;
  u8 room[FRAME_INLINE];
  struct execution own;
};

static struct opening *new_opening(struct execution *e, const struct request *r) {
  struct opening *o = map_memory(sizeof *o);
  if (o == NULL) return NULL;
  o->execution = e ? e : &o->own;
  o->client = r->client;
  o->request = r->number;
  o->asked = moment_ns(moment_now());
  o->until = monotonic_ms() + START_MS;
  return o;
}

static void free_opening(struct opening *o) {
  if (o->payload && o->payload != o->room) unmap_memory(o->payload, o->length);
  unmap_memory(o, sizeof *o);
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

static void answer(struct monitor *m, const struct opening *o, int failed, u32 from, u32 to) {
  struct request r = {.client = o->client, .number = o->request};
  if (r.client == NULL) return;
  if (failed < 0 && o->execution->failed == NO_FAILURE) answer_failed(m, &r, failed, "the program could not be started");
  else answer_started(m, &r, o->execution, from, to);
}

static void drop_streams(struct execution *e) {
  i32 fds[] = {e->pidfd, e->input, e->output, e->errors, e->master};
  for (u32 i = 0; i < 5; i++)
    if (fds[i] >= 0) SYS(close, fds[i]);
}

static void exec_runs(struct monitor *m, struct session *s, const struct opening *o) {
  struct client *c = o->client;
  session_take(m, s, o->execution);
  s->state = SESSION_RUNNING;
  s->started = o->asked;
  c->kind = CLIENT_EXEC;
  c->session = s;
  c->writes_input = o->stdin;
  c->wants = o->wants;
  c->input_open = 1;
  if (!o->stdin) session_close_input(m, s);
  attach_watch(m, c);
}

static void finish_exec(struct monitor *m, struct session *s, struct opening *o, int failed) {
  struct execution *e = o->execution;
  answer(m, o, failed, 0, e->plan.count);
  if (failed == 0 && o->client && o->client->kind == CLIENT_OPENING) exec_runs(m, s, o);
  else {
    if (o->client && o->client->kind == CLIENT_OPENING) {
      o->client->kind = CLIENT_FRAMES;
      attach_watch(m, o->client);
    }
    drop_streams(e);
    s->state = SESSION_FREE;
  }
  execution_free(e);
}

static void finish_start(struct monitor *m, struct session *s, const struct opening *o, int failed) {
  const struct execution *e = o->execution;
  if (failed == 0) s->started = o->asked;
  answer(m, o, failed, e->plan.first[ACT_BECOME], e->plan.first[ACT_BECOME + 1]);
  monitor_slim(m);
}

static void finish(struct monitor *m, struct session *s, int failed) {
  struct opening *o = s->opening;
  struct execution *e = o->execution;
  s->opening = NULL;
  // Told that it does not run, nobody expects it to run after all; and nobody would know of an exec without a client.
  int late = failed < 0 && e->failed == NO_FAILURE;
  int unwanted = s != m->container && o->client == NULL;
  if ((late || unwanted) && e->pidfd >= 0) SYS(pidfd_send_signal, e->pidfd, 9, 0, 0);
  if (s == m->container) finish_start(m, s, o, failed);
  else finish_exec(m, s, o, failed);
  free_opening(o);
}

void opening_event(struct monitor *m, struct session *s) {
  struct opening *o = s->opening;
  if (o == NULL) return;
  int done = o->at_gate ? 0 : execution_advance(o->execution);
  if (done == 0 && !o->at_gate) {
    o->at_gate = 1;
    execution_open_gate(o->execution);
  }
  if (done == 0) done = execution_launched(o->execution);
  if (done != EXECUTION_PENDING) finish(m, s, done);
}

static void begin(struct monitor *m, struct session *s, struct opening *o) {
  s->opening = o;
  monitor_watch(m, o->execution->sync, WATCH_OPENING | (u64)s->number << 8, EPOLLIN, &o->watched);
  opening_event(m, s);
}

static int calls_hooks(const struct plan *plan) {
  for (u32 i = plan->first[ACT_BECOME]; i < plan->first[ACT_UNDO]; i++)
    if (plan->ops[i].code == OP_HOOK) return 1;
  return 0;
}

void opening_start(struct monitor *m, const struct request *r) {
  struct session *s = m->container;
  if (s->state != SESSION_CREATED) {
    answer_failed(m, r, -EALREADY, "it was started before");
    return;
  }
  struct opening *o = new_opening(m->execution, r);
  if (o == NULL) {
    answer_failed(m, r, -ENOMEM, "no memory to start it");
    return;
  }
  s->state = SESSION_RUNNING;
  o->at_gate = 1;
  if (calls_hooks(&m->execution->plan)) o->until = 0;
  execution_open_gate(m->execution);
  begin(m, s, o);
}

// The plan points into the frame: it is the opening's from now on.
static void take_frame(struct opening *o, struct client *c) {
  o->length = c->length;
  o->payload = c->payload;
  if (c->payload == c->room) o->payload = memcpy(o->room, c->room, c->length);
  c->payload = NULL;
}

static u8 wanted(u8 out, u8 errors) { return (u8)((out ? 1 << STREAM_STDOUT : 0) | (errors ? 1 << STREAM_STDERR : 0)); }

static const char *refusal(const struct monitor *m, const struct frame_exec *f, int malformed, long *error) {
  *error = -EBADMSG;
  if (malformed || !session_id_valid(f->session, strlen(f->session))) return "the frame is malformed";
  *error = -EEXIST;
  if (session_find(m, f->session)) return "the session exists";
  *error = -ESRCH;
  if (m->container->state != SESSION_RUNNING || m->container->opening) return "the container does not run";
  return NULL;
}

void opening_exec(struct monitor *m, const struct request *r) {
  struct client *c = r->client;
  struct opening *o = new_opening(NULL, r);
  long error = -ENOMEM;
  const char *why = "no memory for a session";
  struct session *s = NULL;
  struct frame_exec f;
  if (o) {
    take_frame(o, c);
    struct reader fields = {o->payload, o->payload + o->length, NULL, 0};
    why = refusal(m, &f, get_frame_exec(&fields, &f), &error);
    if (why == NULL && (s = session_open(m, f.session)) == NULL) error = -EBUSY, why = "too many sessions";
  }
  if (s == NULL) {
    answer_failed(m, r, error, why);
    if (o) free_opening(o);
    return;
  }
  o->stdin = f.stdin;
  o->wants = wanted(f.stdout, f.stderr);
  c->kind = CLIENT_OPENING;
  attach_watch(m, c);
  execution_init(o->execution);
  int failed = execution_begin(o->execution, f.acts);
  if (failed) {
    s->opening = o;
    finish(m, s, failed);
  } else begin(m, s, o);
}

int opening_settle(struct monitor *m, struct session *s) {
  struct opening *o = s->opening;
  if (o == NULL || o->until == 0) return -1;
  u64 now = monotonic_ms();
  if (now < o->until) return (int)(o->until - now) + 1;
  if (s != m->container) execution_abandon_unreaped(o->execution);
  finish(m, s, -ETIMEDOUT);
  return -1;
}

void opening_child_ended(struct monitor *m, struct session *s, i32 pid, i32 status) {
  if (s->opening == NULL || s->opening->execution->pid != pid) return;
  execution_child_ended(s->opening->execution, status);
  opening_event(m, s);
}

void opening_forget(struct monitor *m, const struct client *c) {
  for (u32 i = 0; i < m->session_top; i++) {
    struct session *s = &m->rows[i].session;
    if (s->opening == NULL || s->opening->client != c) continue;
    s->opening->client = NULL;
    // An exec whose client has gone is wanted by nobody.
    if (s != m->container && s->opening->execution->pidfd >= 0) SYS(pidfd_send_signal, s->opening->execution->pidfd, 9, 0, 0);
  }
}
