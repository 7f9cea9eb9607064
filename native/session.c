// Reading a session's output, feeding its input, and its end. See session.h.
#include "session.h"

#include <linux/termios.h>
#include <linux/wait.h>

#include "attach.h"
#include "execute.h"
#include "monitor.h"
#include "monitor_abi.h"
#include "opening.h"

static i32 *part_fd(struct session *s, u32 part) {
  if (part == PART_MASTER) return &s->master;
  return part == PART_INPUT ? &s->input : &s->output[part];
}

static u64 part_key(const struct session *s, u32 part) {
  return WATCH_SESSION | (u64)s->number << 8 | (u64)part << 32;
}

static void watch_part(struct monitor *m, struct session *s, u32 part, u32 mask) {
  monitor_watch(m, *part_fd(s, part), part_key(s, part), mask, &s->watched[part]);
}

static void close_part(struct monitor *m, struct session *s, u32 part) {
  i32 *fd = part_fd(s, part);
  if (*fd < 0) return;
  watch_part(m, s, part, 0);
  SYS(close, *fd);
  *fd = -1;
}

void session_watch(struct monitor *m, struct session *s) {
  u32 in = s->pending || (s == m->container && m->held) ? 0 : EPOLLIN;
  watch_part(m, s, PART_STDOUT, in);
  watch_part(m, s, PART_STDERR, in);
  watch_part(m, s, PART_INPUT, s->input_full ? EPOLLOUT : 0);
  // A hung-up master is always readable; edge-triggered it stays silent until a slave is opened again.
  watch_part(m, s, PART_MASTER, s->hung ? EPOLLIN | EPOLLET : in | (s->input_full ? EPOLLOUT : 0u));
}

int session_id_valid(const char *id, size_t n) {
  if (n == 0 || n > SESSION_ID_MAX || id[0] == '.') return 0;
  for (size_t i = 0; i < n; i++) {
    char c = id[i];
    int ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!ok) return 0;
  }
  return 1;
}

struct session *session_find(const struct monitor *m, const char *id) {
  for (u32 i = 0; i < m->session_top; i++) {
    const struct session *s = &m->rows[i].session;
    if (s->state != SESSION_FREE && str_equal(s->id, id)) return (struct session *)s;
  }
  return NULL;
}

struct session *session_open(struct monitor *m, const char *id) {
  u32 i = 0;
  while (i < MAX_ROWS && m->rows[i].session.state != SESSION_FREE) i++;
  // What could not be written down, and nobody asked for.
  for (u32 at = 0; i == MAX_ROWS && at < MAX_ROWS; at++)
    if (m->rows[at].session.state == SESSION_RECORDED && &m->rows[at].session != m->container) i = at;
  if (i == MAX_ROWS) return NULL;
  if (i >= m->session_top) m->session_top = i + 1;
  struct session *s = &m->rows[i].session;
  *s = (struct session){.state = SESSION_OPENING, .number = (u16)i, .pidfd = -1, .input = -1, .output = {-1, -1}, .master = -1};
  memcpy(s->id, id, strlen(id) + 1);
  return s;
}

void session_take(struct monitor *m, struct session *s, const struct execution *e) {
  s->state = SESSION_CREATED;
  s->pid = e->pid;
  s->pidfd = e->pidfd;
  s->input = e->input;
  s->output[0] = e->output;
  s->output[1] = e->errors;
  s->master = e->master;
  s->terminal = e->master >= 0;
  set_nonblocking(s->input);
  set_nonblocking(s->output[0]);
  set_nonblocking(s->output[1]);
  set_nonblocking(s->master);
  session_watch(m, s);
}

static void deliver(struct monitor *m, struct session *s, u8 stream, const u8 *bytes, size_t n) {
  if (s->state == SESSION_ENDED) s->quiet_until = monotonic_ms() + QUIET_MS;
  if (s != m->container) {
    attach_exec(m, s, stream, bytes, n);
    return;
  }
  journal_write(&m->journal, stream, bytes, n);
  if (m->log.path == NULL) return;
  int failed = log_write(&m->log, stream, bytes, n, moment_now(), scratch_out);
  if (failed) attach_direct(m, stream, bytes, n);
  else attach_pump_all(m);
  attach_hold(m);
}

// Bounded, so that one loud program does not starve the others.
static void read_output(struct monitor *m, struct session *s, u32 part) {
  i32 *fd = part_fd(s, part);
  size_t size = s == m->container ? 64 * 1024 : CHUNK;
  for (int round = 0; round < 4 && *fd >= 0 && s->pending == NULL && !(s == m->container && m->held); round++) {
    m->scratch_dirty = 1;
    long n = SYS(read, *fd, scratch_in, size);
    if (n == -EAGAIN || n == -EINTR) return;
    if (n == -EIO && part == PART_MASTER && s->state < SESSION_ENDED) {
      s->hung = 1;
      s->input_full = 0;
      session_watch(m, s);
      return;
    }
    if (n <= 0) {
      close_part(m, s, part);
      return;
    }
    if (s->hung) {
      s->hung = 0;
      session_watch(m, s);
    }
    deliver(m, s, part == PART_STDERR ? STREAM_STDERR : STREAM_STDOUT, scratch_in, (size_t)n);
  }
}

void session_event(struct monitor *m, struct session *s, u32 part, u32 events) {
  if (s->state == SESSION_FREE || *part_fd(s, part) < 0) return;
  if (part == PART_INPUT || (events & EPOLLOUT)) {
    s->input_full = 0;
    session_watch(m, s);
    attach_input_resume(m, s);
  }
  if (part != PART_INPUT && (events & ~(u32)EPOLLOUT)) read_output(m, s, part);
}

long session_feed(struct monitor *m, struct session *s, const u8 *bytes, size_t n) {
  u32 part = s->terminal ? PART_MASTER : PART_INPUT;
  if (*part_fd(s, part) < 0 || s->state >= SESSION_ENDED) return (long)n;
  long wrote = SYS(write, *part_fd(s, part), bytes, n);
  if (wrote == -EAGAIN || wrote == 0) {
    s->input_full = 1;
    session_watch(m, s);
    return -EAGAIN;
  }
  if (wrote > 0) return wrote;
  // EPIPE: the program closed its stdin; EIO: nobody holds the terminal. What is typed goes nowhere.
  if (part == PART_INPUT) session_close_input(m, s);
  return (long)n;
}

void session_close_input(struct monitor *m, struct session *s) {
  s->input_full = 0;
  close_part(m, s, PART_INPUT);
}

static void ended(struct monitor *m, struct session *s, i32 status) {
  s->state = SESSION_ENDED;
  s->wait_status = status;
  s->ended = moment_ns(moment_now());
  if (s == m->container) attach_hold(m);
  // Before anything can remove the cgroup.
  if (s == m->container) s->oom_killed = kills_count(m) > 0;
  s->drain_until = monotonic_ms() + DRAIN_MS;
  s->quiet_until = monotonic_ms() + QUIET_MS;
  session_close_input(m, s);
  attach_input_resume(m, s);  // input that nobody will read
  for (u32 part = 0; part < 4; part++)
    if (part != PART_INPUT && *part_fd(s, part) >= 0) read_output(m, s, part);
}

void session_reap(struct monitor *m) {
  for (;;) {
    i32 status = 0;
    long pid = SYS(wait4, -1, &status, ABI_WNOHANG | __WALL, 0);
    if (pid <= 0) return;
    for (u32 i = 0; i < m->session_top; i++) {
      struct session *s = &m->rows[i].session;
      opening_child_ended(m, s, (i32)pid, status);
      int alive = s->state == SESSION_CREATED || s->state == SESSION_RUNNING;
      if (alive && s->pid == pid) ended(m, s, status);
    }
  }
}

int session_settle(struct monitor *m) {
  int soonest = -1;
  for (u32 i = 0; i < m->session_top; i++) {
    struct session *s = &m->rows[i].session;
    int opening = opening_settle(m, s);
    if (opening >= 0 && (soonest < 0 || opening < soonest)) soonest = opening;
    if (s->state != SESSION_ENDED || s->pending) continue;
    int open = s->output[0] >= 0 || s->output[1] >= 0 || s->master >= 0;
    u64 now = open ? monotonic_ms() : 0;
    u64 until = s->quiet_until < s->drain_until ? s->quiet_until : s->drain_until;
    if (open && now < until) {
      int left = (int)(until - now) + 1;
      if (soonest < 0 || left < soonest) soonest = left;
      continue;
    }
    for (u32 part = 0; part < 4; part++) close_part(m, s, part);
    if (s->pidfd >= 0) SYS(close, s->pidfd);
    s->pidfd = -1;
    s->state = SESSION_RECORDED;
    monitor_record(m, s);
  }
  return soonest;
}

long session_signal(struct session *s, u32 signo) {
  if (s->state >= SESSION_ENDED) return -ESRCH;
  long sent = SYS(pidfd_send_signal, s->pidfd, signo, 0, 0);
  // Its children hold its streams. It leads its group, and is not reaped: the number is its own.
  if (sent == 0 && signo == SIGKILL && s->id[0]) SYS(kill, -s->pid, signo);
  return sent;
}

long session_resize(struct session *s, u32 rows, u32 columns) {
  if (s->master < 0) return -ENOTTY;
  struct winsize size = {.ws_row = (u16)rows, .ws_col = (u16)columns};
  return SYS(ioctl, s->master, TIOCSWINSZ, &size);
}
