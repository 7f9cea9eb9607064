// See names.h.
#include "names.h"

#include <linux/in.h>

#include "monitor_abi.h"
#include "monitor_request.h"

enum {
  SO_RCVLOWAT_ = 18, MSG_TRUNC_ = 0x20,
  PART_DATAGRAMS = 0, PART_LISTENER = 1, PART_STREAMS = 2,
  ROUNDS = 64,                        // before others are served
  QUERY_AT = FRAME_HEADER + 8 + 1 + 4,  // where a QUERY frame holds the message
  LENGTH = 2,                         // RFC 1035, 4.2.2: before each message of a stream
};

// `peer`: bit 63 for streams; then place and generation, or port and address as they are on the wire.
#define STREAM_PEER (1ull << 63)

static void watch(struct monitor *m, i32 fd, u32 part, u32 mask, u32 *watched) {
  monitor_watch(m, fd, WATCH_NAMES | (u64)part << 8, mask, watched);
}

static int is_taken(const struct names *n) { return n->engine != NULL && !n->full; }

static void watch_stream(struct monitor *m, struct name_stream *s) {
  u32 mask = is_taken(&m->names) && !s->over && s->asked < STREAM_ASKED_MAX ? EPOLLIN | EPOLLRDHUP : 0;
  watch(m, s->fd - 1, PART_STREAMS + (u32)(s - m->names.streams), mask, &s->watched);
}

static void watch_all(struct monitor *m) {
  struct names *n = &m->names;
  u32 mask = is_taken(n) || (n->engine == NULL && n->waiter != NULL) ? EPOLLIN : 0;
  watch(m, n->datagrams, PART_DATAGRAMS, mask, &n->watched[0]);
  watch(m, n->listener, PART_LISTENER, mask, &n->watched[1]);
  for (u32 i = 0; i < NAME_STREAMS; i++)
    if (n->streams[i].fd) watch_stream(m, &n->streams[i]);
}

static void close_stream(struct monitor *m, struct name_stream *s) {
  if (s->fd == 0) return;
  watch(m, s->fd - 1, 0, 0, &s->watched);
  SYS(close, s->fd - 1);
  *s = (struct name_stream){.generation = (u16)(s->generation + 1)};
}

// The message lies at QUERY_AT of the scratch. 0: it was taken; the engine is full, or gone, otherwise.
static int pass_on(struct monitor *m, u64 peer, u8 stream, u32 length) {
  struct client *engine = m->names.engine;
  struct writer w = {scratch_in, scratch_in + QUERY_AT, 0};
  put_u32(&w, QUERY_AT - 4 + length);
  put_u16(&w, FRAME_QUERY);
  put_u16(&w, 0);
  put_u32(&w, 0);
  put_u64(&w, peer);
  put_u8(&w, stream);
  put_u32(&w, length);
  long sent = SYS(sendto, engine->fd, scratch_in, QUERY_AT + length, ABI_MSG_DONTWAIT | ABI_MSG_NOSIGNAL, 0, 0);
  if (sent == (long)(QUERY_AT + length)) return 0;
  if (sent != -EAGAIN) {
    client_close(m, engine);
    return -EPIPE;
  }
  m->names.full = 1;
  attach_watch(m, engine);
  watch_all(m);
  return -EAGAIN;
}

static void from_datagrams(struct monitor *m) {
  struct names *n = &m->names;
  for (int round = 0; round < ROUNDS && is_taken(n); round++) {
    struct sockaddr_in from = {0};
    u32 size = sizeof from;
    u32 how = ABI_MSG_PEEK | ABI_MSG_DONTWAIT | MSG_TRUNC_;
    long length = SYS(recvfrom, n->datagrams, scratch_in + QUERY_AT, QUERY_MAX, how, &from, &size);
    if (length < 0) return;
    u64 peer = (u64)from.sin_port << 32 | from.sin_addr.s_addr;
    // What is too short or too long for a query is nobody's.
    if (length >= NAME_HEADER && length <= QUERY_MAX && pass_on(m, peer, 0, (u32)length) < 0) return;
    SYS(recvfrom, n->datagrams, scratch_in, 0, ABI_MSG_DONTWAIT, 0, 0);
  }
}

static struct name_stream *place(struct monitor *m) {
  struct name_stream *oldest = &m->names.streams[0];
  for (u32 i = 0; i < NAME_STREAMS; i++) {
    struct name_stream *s = &m->names.streams[i];
    if (s->fd == 0) return s;
    if (s->moved_at < oldest->moved_at) oldest = s;
  }
  close_stream(m, oldest);
  return oldest;
}

static void want(struct name_stream *s, u32 bytes) {
  if (s->wanted == bytes) return;
  SYS(setsockopt, s->fd - 1, ABI_SOL_SOCKET, SO_RCVLOWAT_, &bytes, sizeof bytes);
  s->wanted = bytes;
}

static void from_listener(struct monitor *m) {
  long fd = SYS(accept4, m->names.listener, 0, 0, ABI_O_CLOEXEC | ABI_O_NONBLOCK);
  if (fd < 0) {
    // Without a descriptor left it would be readable for ever: the oldest stream goes.
    if (fd == -EMFILE || fd == -ENFILE) place(m);
    return;
  }
  struct name_stream *s = place(m);
  s->fd = (i32)fd + 1;
  s->moved_at = monotonic_ms();
  want(s, LENGTH);
  watch_stream(m, s);
}

// No more queries come; those that were asked are answered still.
static void end_stream(struct monitor *m, struct name_stream *s) {
  s->over = 1;
  if (s->asked == 0) close_stream(m, s);
  else watch_stream(m, s);
}

static void from_stream(struct monitor *m, struct name_stream *s, u32 events) {
  u8 *head = scratch_in + QUERY_AT - LENGTH;
  for (int round = 0; round < ROUNDS && is_taken(&m->names) && s->asked < STREAM_ASKED_MAX; round++) {
    long there = SYS(recvfrom, s->fd - 1, head, LENGTH + QUERY_MAX, ABI_MSG_PEEK | ABI_MSG_DONTWAIT, 0, 0);
    if (there == -EAGAIN) return;
    if (there <= 0) {
      end_stream(m, s);
      return;
    }
    u32 length = there < LENGTH ? 0 : (u32)head[0] << 8 | head[1];
    if (there >= LENGTH && (length < NAME_HEADER || length > QUERY_MAX)) {
      close_stream(m, s);
      return;
    }
    if (there < (long)(LENGTH + length) || there < LENGTH) {
      if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) end_stream(m, s);
      else want(s, LENGTH + length);
      return;
    }
    u64 peer = STREAM_PEER | (u64)(s - m->names.streams) << 16 | s->generation;
    if (pass_on(m, peer, 1, length) < 0) return;
    SYS(recvfrom, s->fd - 1, head, LENGTH + length, ABI_MSG_DONTWAIT, 0, 0);
    s->asked++;
    s->moved_at = monotonic_ms();
    want(s, LENGTH);
  }
  watch_stream(m, s);
}

static void tell_waiter(struct monitor *m) {
  struct client *waiter = m->names.waiter;
  m->names.waiter = NULL;
  watch_all(m);
  struct answer a;
  answer_begin(&a, FRAME_DONE, m->names.waiter_request);
  answer_send(m, waiter, &a);
}

void names_event(struct monitor *m, u32 part, u32 events) {
  m->scratch_dirty = 1;
  if (m->names.engine == NULL) {
    if (m->names.waiter != NULL) tell_waiter(m);
    return;
  }
  if (part == PART_DATAGRAMS) from_datagrams(m);
  else if (part == PART_LISTENER) from_listener(m);
  else if (m->names.streams[part - PART_STREAMS].fd) from_stream(m, &m->names.streams[part - PART_STREAMS], events);
}

// ip(7): in a cmsg, as cmsg(3) lays it out on 64-bit machines.
struct abi_source {
  size_t length;
  i32 level, type;
  struct in_pktinfo info;
  i32 pad;
};

// A socket that was bound in a namespace without any address does not remember its own (inet_bind: RTN_BROADCAST).
static void reply_to_datagram(struct names *n, u64 peer, const u8 *message, u32 length) {
  struct sockaddr_in to = {.sin_family = AF_INET_, .sin_port = (u16)(peer >> 32), .sin_addr = {(u32)peer}};
  struct abi_source source = {offsetof(struct abi_source, pad), IPPROTO_IP, IP_PKTINFO, {.ipi_spec_dst = {NAME_ADDRESS}}, 0};
  struct abi_iovec part = {message, length};
  struct abi_msghdr all = {&to, sizeof to, &part, 1, &source, sizeof source, 0};
  SYS(sendmsg, n->datagrams, &all, ABI_MSG_DONTWAIT | ABI_MSG_NOSIGNAL);
}

static void reply_to_stream(struct monitor *m, struct name_stream *s, const u8 *message, u32 length) {
  u8 head[LENGTH] = {(u8)(length >> 8), (u8)length};
  struct abi_iovec parts[2] = {{head, LENGTH}, {message, length}};
  struct abi_msghdr all = {.iov = parts, .iov_count = 2};
  long sent = SYS(sendmsg, s->fd - 1, &all, ABI_MSG_DONTWAIT | ABI_MSG_NOSIGNAL);
  s->asked--;
  s->moved_at = monotonic_ms();
  // Who does not read its answers is let go.
  if (sent != (long)(LENGTH + length) || (s->over && s->asked == 0)) close_stream(m, s);
  else watch_stream(m, s);
}

void names_reply(struct monitor *m, u64 peer, const u8 *message, u32 length) {
  struct names *n = &m->names;
  if (length > 0xffff || n->datagrams < 0) return;
  if (!(peer & STREAM_PEER)) {
    reply_to_datagram(n, peer, message, length);
    return;
  }
  struct name_stream *s = &n->streams[peer >> 16 & (NAME_STREAMS - 1)];
  if (s->fd && s->asked > 0 && s->generation == (u16)peer) reply_to_stream(m, s, message, length);
}

void names_open(struct monitor *m, i32 datagrams, i32 listener) {
  m->names.datagrams = datagrams;
  m->names.listener = listener;
}

int names_serve(struct monitor *m, struct client *engine) {
  struct names *n = &m->names;
  if (n->datagrams < 0) return -ENOENT;
  if (n->engine != NULL && n->engine != engine) client_close(m, n->engine);
  n->engine = engine;
  watch_all(m);
  return 0;
}

int names_await(struct monitor *m, struct client *waiter, u32 request) {
  struct names *n = &m->names;
  if (n->datagrams < 0) return -ENOENT;
  n->waiter = waiter;
  n->waiter_request = request;
  watch_all(m);
  return 0;
}

void names_forget(struct monitor *m, struct client *c) {
  if (m->names.waiter == c) {
    m->names.waiter = NULL;
    watch_all(m);
  }
  if (m->names.engine != c) return;
  m->names.engine = NULL;
  m->names.full = 0;
  watch_all(m);
  // Nobody will answer what they asked: let them ask again.
  for (u32 i = 0; i < NAME_STREAMS; i++)
    if (m->names.streams[i].asked > 0) close_stream(m, &m->names.streams[i]);
}

void names_resume(struct monitor *m, struct client *engine) {
  if (m->names.engine != engine || !m->names.full) return;
  m->names.full = 0;
  attach_watch(m, engine);
  watch_all(m);
}

void names_close(struct monitor *m) {
  struct names *n = &m->names;
  if (n->datagrams < 0) return;
  for (u32 i = 0; i < NAME_STREAMS; i++) close_stream(m, &n->streams[i]);
  watch(m, n->datagrams, 0, 0, &n->watched[0]);
  watch(m, n->listener, 0, 0, &n->watched[1]);
  SYS(close, n->datagrams);
  SYS(close, n->listener);
  n->datagrams = n->listener = -1;
}
