// The monitor's loop, and the record of how things ended. See monitor.h.
#include "monitor.h"

#include "execute.h"
#include "monitor_abi.h"

u8 scratch_in[SCRATCH_SIZE] __attribute__((aligned(4096)));
u8 scratch_out[SCRATCH_SIZE] __attribute__((aligned(4096)));
// Pages that no session and no client ever used cost nothing.
static struct monitor the_monitor;

#define FRESH_EXIT ".exit.new"
enum { EXIT_SIZE = 512 };
enum { IDLE_MS = 200, STACK_USED = 96 * 1024, STACK_KEPT = 1024 };

u64 monotonic_ms(void) {
  struct __kernel_timespec ts = {0, 0};
  SYS(clock_gettime, 1 /* CLOCK_MONOTONIC */, &ts);
  return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

void monitor_watch(struct monitor *m, i32 fd, u64 key, u32 mask, u32 *watched) {
  if (fd < 0 || *watched == mask) return;
  struct epoll_event event = {.events = mask, .data = key};
  int how = mask == 0 ? EPOLL_CTL_DEL : *watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  SYS(epoll_ctl, m->epoll, how, fd, &event);
  *watched = mask;
}

static u64 number_after(const char *text, size_t n, const char *key) {
  size_t length = strlen(key);
  for (size_t at = 0; at + length < n; at++) {
    if ((at > 0 && text[at - 1] != '\n') || memcmp(text + at, key, length) != 0) continue;
    u64 value = 0;
    for (at += length; at < n && text[at] >= '0' && text[at] <= '9'; at++) value = value * 10 + (u64)(text[at] - '0');
    return value;
  }
  return 0;
}

// cgroup v2: memory.events, v1: memory.oom_control (since 4.13); both count `oom_kill`.
int monitor_out_of_memory(struct monitor *m) {
  static const char *const files[] = {"memory.events", "memory.oom_control"};
  char text[512];
  for (u32 f = 0; f < 2 && m->memory_cgroup >= 0; f++) {
    long fd = SYS(openat, m->memory_cgroup, files[f], ABI_O_RDONLY | ABI_O_CLOEXEC, 0);
    if (fd < 0) continue;
    long n = SYS(read, fd, text, sizeof text);
    SYS(close, fd);
    if (n > 0 && number_after(text, (size_t)n, "oom_kill ") > 0) return 1;
  }
  return 0;
}

static size_t put(char *to, const char *text) {
  size_t n = strlen(text);
  memcpy(to, text, n);
  return n;
}

static size_t put_field(char *to, const char *name, u64 value, const char *quote) {
  size_t n = put(to, name);
  n += put(to + n, quote);
  n += decimal(to + n, value);
  return n + put(to + n, quote);
}

// Whole or not at all: write, fsync, rename.
static void write_exit(struct monitor *m, struct session *s, i32 folder, const char *name, const char *fresh) {
  char text[EXIT_SIZE];
  u32 signal = (u32)s->wait_status & 0x7f, code = (u32)s->wait_status >> 8 & 0xff;
  size_t n = put_field(text, "{\"version\":1,\"pid\":", (u64)s->pid, "");
  n += put_field(text + n, ",\"code\":", signal ? 0 : code, "");
  n += put_field(text + n, ",\"signal\":", signal, "");
  n += put(text + n, s->oom_killed ? ",\"oomKilled\":true" : ",\"oomKilled\":false");
  n += put_field(text + n, ",\"startedAt\":", s->started, "\"");
  n += put_field(text + n, ",\"finishedAt\":", s->ended, "\"");
  n += put_field(text + n, ",\"lostBytes\":", s == m->container ? m->log.lost : 0, "");
  n += put(text + n, "}\n");
  long fd = SYS(openat, folder, fresh, ABI_O_WRONLY | ABI_O_CREAT | ABI_O_CLOEXEC, 0600);
  if (fd < 0) return;
  int whole = SYS(write, fd, text, n) == (long)n && SYS(ftruncate, fd, n) == 0 && SYS(fsync, fd) == 0;
  SYS(close, fd);
  if (whole) SYS(renameat2, folder, fresh, folder, name, 0);
}

// The container's exit file has its room on the disk from the beginning: a full disk does not take the exit code.
static int reserve_exit(struct monitor *m) {
  SYS(unlinkat, m->exit_folder, m->exit_name, 0);  // of an earlier run
  long fd = SYS(openat, m->exit_folder, FRESH_EXIT, ABI_O_WRONLY | ABI_O_CREAT | ABI_O_TRUNC | ABI_O_CLOEXEC, 0600);
  if (fd < 0) return (int)fd;
  SYS(fallocate, fd, 0, 0, EXIT_SIZE);
  SYS(close, fd);
  return 0;
}

static void finish_container(struct monitor *m, struct session *s) {
  write_exit(m, s, m->exit_folder, m->exit_name, FRESH_EXIT);
  execution_undo(m->execution, UNDO_ALL_BUT_INTERFACES);
  m->over = 1;
  socket_answer_waits(m, s);
  socket_close(m);
  attach_session_over(m, s);
  execution_undo(m->execution, UNDO_INTERFACES);
}

static void finish_exec(struct monitor *m, struct session *s) {
  char name[SESSION_ID_MAX + 16] = "exec/", fresh[SESSION_ID_MAX + 16] = "exec/.";
  size_t n = strlen(s->id);
  memcpy(name + 5, s->id, n);
  memcpy(name + 5 + n, ".json", 6);
  memcpy(fresh + 6, s->id, n);
  memcpy(fresh + 6 + n, ".new", 5);
  SYS(mkdirat, m->folder, "exec", 0700);
  write_exit(m, s, m->folder, name, fresh);
  socket_answer_waits(m, s);
  attach_session_over(m, s);
  s->state = SESSION_FREE;
}

void monitor_record(struct monitor *m, struct session *s) {
  if (s == m->container) finish_container(m, s);
  else finish_exec(m, s);
}

static void client_event(struct monitor *m, struct client *c, u32 events) {
  if (c->kind == CLIENT_FREE) return;
  if (events & EPOLLOUT) {
    c->blocked = 0;
    if (c->kind == CLIENT_ATTACH) attach_pump(m, c);
    else attach_flush(m, c);
  }
  if (c->kind == CLIENT_FRAMES) {
    socket_receive(m, c);
    return;
  }
  if (c->kind == CLIENT_FREE) return;
  if (events & (EPOLLHUP | EPOLLERR)) c->detached = 1;
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) attach_input(m, c);
  if (c->kind == CLIENT_FREE || !c->detached) return;
  if (c->input_open) attach_watch(m, c);
  else client_close(m, c);
}

static void dispatch(struct monitor *m, const struct epoll_event *event) {
  u32 index = (u32)(event->data >> 8) & 0xffffff, part = (u32)(event->data >> 32);
  switch (event->data & 0xff) {
    case WATCH_LISTEN: socket_accept(m); break;
    case WATCH_SIGNAL: {
      u8 drained[128 * 4];
      while (SYS(read, m->signals, drained, sizeof drained) > 0) continue;
      session_reap(m);
      break;
    }
    case WATCH_CLIENT: client_event(m, &m->rows[index].client, event->events); break;
    case WATCH_SESSION: session_event(m, &m->rows[index & 0xffff].session, part, event->events); break;
  }
}

// After the container's end: a client may finish reading, but not keep the monitor for ever.
static int still_needed(struct monitor *m, int *wait) {
  if (!m->over) return 1;
  int needed = 0;
  u64 now = monotonic_ms();
  for (u32 i = 0; i < m->client_top; i++) {
    struct client *c = &m->rows[i].client;
    if (c->kind == CLIENT_ATTACH && now - c->moved_at > IDLE_CLIENT_MS) client_close(m, c);
    if (c->kind == CLIENT_ATTACH) needed = 1;
  }
  for (u32 i = 0; i < m->session_top; i++)
    if (m->rows[i].session.state == SESSION_CREATED || m->rows[i].session.state == SESSION_RUNNING ||
        m->rows[i].session.state == SESSION_ENDED) needed = 1;
  if (needed && (*wait < 0 || *wait > 10000)) *wait = 10000;
  return needed;
}

static void give_back(const void *from, const void *to, int how) {
  uintptr_t first = ((uintptr_t)from + 4095) & ~(uintptr_t)4095, last = (uintptr_t)to & ~(uintptr_t)4095;
  if (last > first) SYS(madvise, first, last - first, how);
}

// Idle: scratch, and what deeper calls once used of the stack, go back to the kernel.
static void rest(struct monitor *m) {
  m->scratch_dirty = 0;
  give_back(scratch_in, scratch_in + SCRATCH_SIZE, ABI_MADV_DONTNEED);
  give_back(scratch_out, scratch_out + SCRATCH_SIZE, ABI_MADV_DONTNEED);
#ifndef INRO_SANITIZE
  const u8 *frame = __builtin_frame_address(0);
  give_back(frame - STACK_USED, frame - STACK_KEPT, ABI_MADV_DONTNEED);
#endif
}

static void loop(struct monitor *m) {
  struct epoll_event events[8];
  for (;;) {
    int wait = session_settle(m);
    if (!still_needed(m, &wait)) return;
    int idle = m->scratch_dirty && wait < 0;
    long n = SYS(epoll_pwait, m->epoll, events, 8, idle ? IDLE_MS : wait, 0, 0);
    if (n == 0 && idle) rest(m);
    for (long i = 0; i < n; i++) dispatch(m, &events[i]);
  }
}

// SIGPIPE, SIGHUP and SIGXFSZ come back as EPIPE, nothing and EFBIG; the others of a terminal or of a shutdown do not
// end a monitor while its container runs. Blocked, not ignored: what is ignored would be inherited through exec.
static void own_signals(struct monitor *m) {
  static const u8 blocked[] = {1 /* HUP */, 2 /* INT */, 3 /* QUIT */, 13 /* PIPE */, 15 /* TERM */, 17 /* CHLD */,
                               20 /* TSTP */, 21 /* TTIN */, 22 /* TTOU */, 25 /* XFSZ */};
  u64 mask = 0, child = 1ull << (17 - 1);
  for (u32 i = 0; i < sizeof blocked; i++) mask |= 1ull << (blocked[i] - 1);
  SYS(rt_sigprocmask, ABI_SIG_SETMASK, &mask, 0, 8);
  m->signals = (i32)SYS(signalfd4, -1, &child, 8, ABI_O_NONBLOCK | ABI_O_CLOEXEC);
  u32 watched = 0;
  monitor_watch(m, m->signals, WATCH_SIGNAL, EPOLLIN, &watched);
}

// A text that outlives the plan's message. NULL: too long to be a path.
static char *keep(struct monitor *m, const char *text, const char *more) {
  size_t n = strlen(text), rest = strlen(more);
  if (n + rest >= PATH_MAX_ || m->kept + n + rest + 1 > sizeof m->texts) return NULL;
  char *to = m->texts + m->kept;
  memcpy(to, text, n);
  memcpy(to + n, more, rest + 1);
  m->kept += (u32)(n + rest + 1);
  return to;
}

// The folder of an absolute path, and the name in it.
static i32 open_parent(struct monitor *m, const char *path, const char **name) {
  char *folder = keep(m, path, "");
  if (folder == NULL || folder[0] != '/') return -EINVAL;
  char *slash = folder;
  for (char *at = folder; *at; at++)
    if (*at == '/') slash = at;
  *slash = 0;
  *name = slash + 1;
  return (i32)SYS(openat, AT_FDCWD, slash == folder ? "/" : folder, ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
}

// A page that holds only zeros reads the same after it was given back.
static void give_back_zeros(const u64 *from, const u64 *to) {
  const u64 *page = (const u64 *)(((uintptr_t)from + 4095) & ~(uintptr_t)4095);
  for (; page + 512 <= to; page += 512) {
    u64 any = 0;
    for (u32 i = 0; i < 512; i++) any |= page[i];
    if (any == 0) SYS(madvise, page, 4096, ABI_MADV_DONTNEED);
  }
}

void monitor_slim(struct monitor *m) {
  const struct execution *e = m->execution;
  u32 undo = e->plan.first[ACT_UNDO];
  give_back(e->plan.ops, e->plan.ops + undo, ABI_MADV_DONTNEED);
  give_back(e->records, e->records + undo, ABI_MADV_REMOVE);
  give_back_zeros((const u64 *)e->slots, (const u64 *)(e->slots + SLOT_LIMIT));
}

// It holds nothing of whoever started it: a pipe of the daemon's would stay open for as long as the container runs.
static void own_streams(void) {
  long null = SYS(openat, AT_FDCWD, "/dev/null", ABI_O_RDWR | ABI_O_CLOEXEC, 0);
  for (i32 fd = 0; fd < 3 && null >= 0; fd++) SYS(dup3, null, fd, 0);
  if (null > 2) SYS(close, null);
}

int monitor_open(struct execution *e, i32 control) {
  struct monitor *m = &the_monitor;
  const struct op_monitor *asked = e->monitor;
  m->execution = e;
  m->memory_cgroup = e->memory_cgroup;
  m->epoll = (i32)SYS(epoll_create1, ABI_O_CLOEXEC);
  SYS(prctl, PR_SET_NAME, "inro-monitor", 0, 0, 0);
  SYS(prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  SYS(setsid);
  own_streams();
  SYS(chdir, "/");
  own_signals(m);
  m->folder = (i32)SYS(openat, AT_FDCWD, asked->folder, ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (m->folder < 0) return m->folder;
  m->exit_folder = open_parent(m, asked->exit_file, &m->exit_name);
  if (m->exit_folder < 0) return m->exit_folder;
  int failed = reserve_exit(m);
  if (failed) return failed;
  m->log_is_spool = asked->log[0] == 0;
  const char *log = m->log_is_spool ? keep(m, asked->folder, "/attached.log") : keep(m, asked->log, "");
  if (log == NULL) return -ENAMETOOLONG;
  m->spool_path = log;
  if (!m->log_is_spool) log_open(&m->log, log, asked->max_size, asked->max_files);
  m->container = session_begin(m, "", e);
  m->container->stdin_once = asked->stdin_once;
  if (control >= 0) socket_adopt(m, control);
  return socket_listen(m, asked->socket_folder);
}

int monitor_run(void) {
  the_monitor.scratch_dirty = 1;  // of the stack, at least
  session_reap(&the_monitor);
  loop(&the_monitor);
  return 0;
}
