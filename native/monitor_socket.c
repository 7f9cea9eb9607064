// The monitor's socket: who may connect, frames in, answers out.
//
// A connection speaks frames (native/frame.h) until ATTACH or EXEC, whose answer is the last frame: what follows is the
// stream. A frame is read to its last byte and not one byte further, so stdin may follow ATTACH at once.
#include "execute.h"
#include "monitor.h"
#include "monitor_abi.h"
#include "generated/frames.h"

enum { REPLY_MAX = 256 };
// How long a program may take from its clone to its gate, and from its gate to its exec.
enum { START_MS = 10 * 1000 };

struct request {
  struct client *client;
  u32 number;
  struct reader fields;
};

struct answer {
  u8 bytes[REPLY_MAX];
  struct writer fields;
};

static struct writer *answer_begin(struct answer *a, u16 type, u32 request) {
  a->fields = (struct writer){a->bytes, a->bytes + REPLY_MAX, 0};
  put_u32(&a->fields, 0);
  put_u16(&a->fields, type);
  put_u16(&a->fields, 0);
  put_u32(&a->fields, request);
  return &a->fields;
}

// A client that does not read its answers is let go: answers are never kept in memory.
static void answer_send(struct monitor *m, struct client *c, struct answer *a) {
  size_t n = (size_t)(a->fields.at - a->bytes);
  u32 length = (u32)(n - 4);
  memcpy(a->bytes, &length, 4);
  long sent = SYS(sendto, c->fd, a->bytes, n, ABI_MSG_DONTWAIT | ABI_MSG_NOSIGNAL, 0, 0);
  if (sent != (long)n) client_close(m, c);
}

static void answer_failed(struct monitor *m, const struct request *r, long error, const char *why) {
  struct answer a;
  put_frame_error(answer_begin(&a, FRAME_ERROR, r->number), &(struct frame_error){(i32)-error, why});
  answer_send(m, r->client, &a);
}

static void answer_result(struct monitor *m, const struct request *r, long result, const char *why) {
  if (result < 0) {
    answer_failed(m, r, result, why);
    return;
  }
  struct answer a;
  answer_begin(&a, FRAME_DONE, r->number);
  answer_send(m, r->client, &a);
}

static void answer_exit(struct monitor *m, struct client *c, u32 request, const struct session *s) {
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

void socket_answer_waits(struct monitor *m, struct session *s) {
  for (u32 i = 0; i < MAX_ROWS; i++) {
    struct wait *w = &m->rows[i].wait;
    if (w->client == NULL || w->session != s) continue;
    struct client *c = w->client;
    w->client = NULL;
    answer_exit(m, c, w->request, s);
  }
}

void socket_forget_waits(struct monitor *m, struct client *c) {
  for (u32 i = 0; i < MAX_ROWS; i++)
    if (m->rows[i].wait.client == c) m->rows[i].wait.client = NULL;
}

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
  if (execution_start(e, START_MS) == 0) s->started = now;
  answer_started(m, r, e, e->plan.first[ACT_BECOME], e->plan.first[ACT_BECOME + 1]);
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
    if (failed == 0) SYS(pidfd_send_signal, e->pidfd, 9, 0, 0);
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

static void handle(struct monitor *m, struct client *c) {
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

static void frame_forget(struct client *c) {
  if (c->payload != NULL && c->payload != c->room) SYS(munmap, c->payload, c->length);
  c->payload = NULL;
  c->got = c->length = 0;
}

// The header is complete: room for the payload. The length counts type, zero and request too.
static int frame_room(struct client *c) {
  u32 length;
  u16 zero;
  memcpy(&length, c->head, 4);
  memcpy(&zero, c->head + 6, 2);
  if (length < 8 || length > WIRE_LIMIT || zero != 0) return -EBADMSG;
  c->length = length - 8;
  c->payload = c->room;
  if (c->length <= FRAME_INLINE) return 0;
  long mapped = SYS(mmap, 0, c->length, ABI_PROT_RW, ABI_MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (mapped < 0 && mapped > -4096) {
    c->payload = NULL;
    return (int)mapped;
  }
  c->payload = (u8 *)mapped;
  return 0;
}

void socket_receive(struct monitor *m, struct client *c) {
  for (int frame = 0; frame < 16 && c->kind == CLIENT_FRAMES;) {
    int head = c->got < FRAME_HEADER;
    u8 *to = head ? c->head + c->got : c->payload + (c->got - FRAME_HEADER);
    u32 more = head ? FRAME_HEADER - c->got : c->length + FRAME_HEADER - c->got;
    long n = more == 0 ? 0 : SYS(recvfrom, c->fd, to, more, ABI_MSG_DONTWAIT, 0, 0);
    if (n == -EAGAIN) return;
    if (n < 0 || (n == 0 && more > 0)) {
      client_close(m, c);
      return;
    }
    c->got += (u32)n;
    if (c->got < FRAME_HEADER) continue;
    if (head && frame_room(c) < 0) {
      client_close(m, c);
      return;
    }
    if (c->got < c->length + FRAME_HEADER) continue;
    handle(m, c);
    if (c->kind != CLIENT_FREE) frame_forget(c);
    frame++;
  }
}

struct client *socket_adopt(struct monitor *m, i32 fd) {
  for (u32 i = 0; i < MAX_ROWS; i++) {
    struct client *c = &m->rows[i].client;
    if (c->kind != CLIENT_FREE) continue;
    if (i >= m->client_top) m->client_top = i + 1;
    *c = (struct client){.kind = CLIENT_FRAMES, .number = (u16)i, .fd = fd};
    attach_watch(m, c);
    return c;
  }
  return NULL;
}

void socket_accept(struct monitor *m) {
  long fd = SYS(accept4, m->listener, 0, 0, ABI_O_CLOEXEC | ABI_O_NONBLOCK);
  if (fd < 0) return;
  struct abi_ucred peer = {0, 1, 1};
  u32 size = sizeof peer;
  long asked = SYS(getsockopt, fd, ABI_SOL_SOCKET, ABI_SO_PEERCRED, &peer, &size);
  int allowed = asked == 0 && (peer.uid == 0 || peer.uid == (u32)SYS(geteuid));
  struct client *c = allowed ? socket_adopt(m, (i32)fd) : NULL;
  if (c == NULL) {
    SYS(close, fd);
    return;
  }
  struct frame_hello hello = {WIRE_MONITOR_VERSION, (u32)m->container->pid, ""};
  struct answer a;
  put_frame_hello(answer_begin(&a, FRAME_HELLO, 0), &hello);
  answer_send(m, c, &a);
}

static long bind_beneath(i32 folder, i32 fd) {
  // A socket's path holds 108 bytes: the folder's descriptor stands for its path.
  struct sockaddr_un address = {.sun_family = ABI_AF_UNIX};
  char *to = address.sun_path;
  memcpy(to, "/proc/self/fd/", 14);
  to += 14 + decimal(to + 14, (u64)folder);
  memcpy(to, "/monitor.sock", 14);
  long mask = SYS(umask, 0177);
  long bound = SYS(bind, fd, &address, sizeof address);
  SYS(umask, mask);
  return bound;
}

int socket_listen(struct monitor *m, const char *folder) {
  m->listener = -1;
  m->socket_folder = (i32)SYS(openat, AT_FDCWD, folder, ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (m->socket_folder < 0) return m->socket_folder;
  SYS(unlinkat, m->socket_folder, "monitor.sock", 0);
  long fd = SYS(socket, ABI_AF_UNIX, ABI_SOCK_STREAM | ABI_O_CLOEXEC | ABI_O_NONBLOCK, 0);
  if (fd < 0) return (int)fd;
  long bound = bind_beneath(m->socket_folder, (i32)fd);
  if (bound == 0) bound = SYS(listen, fd, 128);
  if (bound < 0) {
    SYS(close, fd);
    return (int)bound;
  }
  m->listener = (i32)fd;
  u32 watched = 0;
  monitor_watch(m, m->listener, WATCH_LISTEN, EPOLLIN, &watched);
  return 0;
}

// From now on who connects is refused, and reads the exit file.
void socket_close(struct monitor *m) {
  if (m->listener < 0) return;
  SYS(unlinkat, m->socket_folder, "monitor.sock", 0);
  SYS(close, m->listener);
  m->listener = -1;
}
