// The monitor's loop. See monitor.h.
#include "monitor.h"

#include "monitor_abi.h"
#include "opening.h"

// Pages that no session and no client ever used cost nothing.
struct monitor the_monitor __attribute__((aligned(4096)));

enum { IDLE_MS = 200, ACCEPT_AGAIN_MS = 100 };

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

static void client_event(struct monitor *m, struct client *c, u32 events) {
  if (c->kind == CLIENT_FREE) return;
  if (events & EPOLLOUT) {
    c->blocked = 0;
    if (c->kind == CLIENT_ATTACH) attach_pump(m, c);
    else if (c->kind == CLIENT_FRAMES) names_resume(m, c);
    else attach_flush(m, c);
  }
  if (c->kind == CLIENT_FRAMES) {
    socket_receive(m, c);
    return;
  }
  if (c->kind == CLIENT_FREE) return;
  if (c->kind == CLIENT_OPENING) {
    client_close(m, c);
    return;
  }
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
    case WATCH_NAMES: names_event(m, index, event->events); break;
    case WATCH_KILLS: kills_event(m); break;
    case WATCH_OPENING: opening_event(m, &m->rows[index & 0xffff].session); break;
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
    // An exec session's end waits for its client too (session_settle).
    if (c->kind == CLIENT_EXEC && c->session->pending && now - c->moved_at > IDLE_CLIENT_MS) client_close(m, c);
    if (c->kind == CLIENT_ATTACH) needed = 1;
  }
  for (u32 i = 0; i < m->session_top; i++) {
    u8 state = m->rows[i].session.state;
    if (state != SESSION_FREE && state != SESSION_RECORDED) needed = 1;
  }
  if (needed && (*wait < 0 || *wait > 10000)) *wait = 10000;
  return needed;
}

static void loop(struct monitor *m) {
  struct epoll_event events[8];
  for (;;) {
    int wait = session_settle(m), look = kills_look(m);
    if (look >= 0 && (wait < 0 || wait > look)) wait = look;
    if (!still_needed(m, &wait)) return;
    if (m->no_descriptor && (wait < 0 || wait > ACCEPT_AGAIN_MS)) wait = ACCEPT_AGAIN_MS;
    int idle = m->scratch_dirty && wait < 0;
    long n = SYS(epoll_pwait, m->epoll, events, 8, idle ? IDLE_MS : wait, 0, 0);
    if (n == 0 && idle) monitor_rest(m);
    for (long i = 0; i < n; i++) dispatch(m, &events[i]);
    if (m->no_descriptor) socket_accept(m);
  }
}

int monitor_run(void) {
  the_monitor.scratch_dirty = 1;  // of the stack, at least
  session_reap(&the_monitor);
  loop(&the_monitor);
  monitor_call_hooks(&the_monitor);
  return 0;
}
