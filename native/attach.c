// Clients: their events, their input and their end. See attach.h.
#include "attach.h"

#include "monitor.h"
#include "monitor_abi.h"
#include "opening.h"

void attach_watch(struct monitor *m, struct client *c) {
  u32 mask = EPOLLHUP;
  int takes_input = c->kind == CLIENT_FRAMES || (c->input_open && !(c->session && c->session->input_full));
  if (takes_input) mask |= EPOLLIN;
  if (m->names.engine == c && m->names.full) mask |= EPOLLOUT;
  if (c->kind == CLIENT_ATTACH && !c->live) mask |= EPOLLOUT;
  if (c->kind == CLIENT_EXEC && c->session && c->session->pending) mask |= EPOLLOUT;
  if (c->detached) mask = 0;
  monitor_watch(m, c->fd, WATCH_CLIENT | (u64)c->number << 8, mask, &c->watched);
}

void client_close(struct monitor *m, struct client *c) {
  if (c->kind == CLIENT_FREE) return;
  monitor_watch(m, c->fd, 0, 0, &c->watched);
  // Unread input would turn the close into a reset at the other end.
  SYS(shutdown, c->fd, ABI_SHUT_WR);
  while (SYS(recvfrom, c->fd, scratch_out, SCRATCH_SIZE, ABI_MSG_DONTWAIT, 0, 0) > 0) m->scratch_dirty = 1;
  SYS(close, c->fd);
  if (c->payload && c->payload != c->room) SYS(munmap, c->payload, c->length);
  if (c->kind == CLIENT_EXEC && c->session && c->session->pending) {
    SYS(munmap, c->session->pending, CHUNK + STREAM_HEADER);
    c->session->pending = NULL;
    session_watch(m, c->session);
  }
  socket_forget_waits(m, c);
  names_forget(m, c);
  kills_forget(m, c);
  opening_forget(m, c);
  u8 was = c->kind;
  c->kind = CLIENT_FREE;
  if (was == CLIENT_ATTACH) attach_end(m);
}

void attach_hang_up(struct monitor *m, struct client *c) {
  c->wants = 0;
  c->live = 1;
  attach_hold(m);
  if (!c->input_open) {
    client_close(m, c);
    return;
  }
  c->detached = 1;
  attach_watch(m, c);
  attach_input(m, c);
}

long attach_send(struct client *c, u8 stream, const u8 *bytes, size_t n, int raw) {
  u8 header[STREAM_HEADER] = {stream, 0, 0, 0, (u8)(n >> 24), (u8)(n >> 16), (u8)(n >> 8), (u8)n};
  struct abi_iovec parts[2] = {{header, raw ? 0 : STREAM_HEADER}, {bytes, n}};
  struct abi_msghdr message = {.iov = parts, .iov_count = 2};
  long sent = SYS(sendmsg, c->fd, &message, ABI_MSG_DONTWAIT | ABI_MSG_NOSIGNAL);
  if (sent < 0) return sent;
  if (raw) return sent;
  // A unix socket never splits so small a message; should a kernel do it, a broken stream is worse than a closed one.
  return sent < STREAM_HEADER ? -EPIPE : sent - STREAM_HEADER;
}

static void end_of_input(struct monitor *m, struct client *c) {
  struct session *s = c->session;
  c->input_open = 0;
  if (c->writes_input && !s->terminal && (s != m->container || s->stdin_once)) session_close_input(m, s);
  if (c->detached) client_close(m, c);
  else attach_watch(m, c);
}

// The bytes are looked at, written, and only then taken from the socket: what a program does not read stays there.
void attach_input(struct monitor *m, struct client *c) {
  // A client that hung up is not watched any more: what it left is taken now, or when the program reads again.
  for (int round = 0; (round < 4 || c->detached) && c->kind >= CLIENT_ATTACH && c->input_open; round++) {
    if (c->session->input_full) {
      attach_watch(m, c);
      return;
    }
    m->scratch_dirty = 1;
    long n = SYS(recvfrom, c->fd, scratch_in, 16 * 1024, ABI_MSG_PEEK | ABI_MSG_DONTWAIT, 0, 0);
    if (n == -EAGAIN && !c->detached) return;
    if (n <= 0) {
      end_of_input(m, c);
      return;
    }
    long taken = c->writes_input ? session_feed(m, c->session, scratch_in, (size_t)n) : n;
    if (taken > 0) SYS(recvfrom, c->fd, scratch_in, taken, ABI_MSG_DONTWAIT, 0, 0);
  }
}

void attach_input_resume(struct monitor *m, struct session *s) {
  for (u32 i = 0; i < m->client_top; i++) {
    struct client *c = &m->rows[i].client;
    if (c->kind < CLIENT_ATTACH || c->session != s || !c->input_open) continue;
    attach_input(m, c);
    if (c->kind >= CLIENT_ATTACH) attach_watch(m, c);
  }
}

void attach_session_over(struct monitor *m, struct session *s) {
  for (u32 i = 0; i < m->client_top; i++) {
    struct client *c = &m->rows[i].client;
    if (c->kind < CLIENT_ATTACH || c->session != s) continue;
    c->moved_at = monotonic_ms();  // from now on it may take so long, and no longer
    if (c->kind == CLIENT_ATTACH && !c->blocked) attach_pump(m, c);
    if (c->kind == CLIENT_EXEC || (c->kind == CLIENT_ATTACH && c->live)) client_close(m, c);
  }
}
