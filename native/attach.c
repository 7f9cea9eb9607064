// Streams to and from clients. See attach.h.
#include "attach.h"

#include "monitor.h"
#include "monitor_abi.h"

enum { STREAM_HEADER = 8, PUMP_ROUNDS = 4 };

static int wants(const struct client *c, u8 stream) { return c->wants & (1 << stream); }

void attach_watch(struct monitor *m, struct client *c) {
  u32 mask = EPOLLHUP;
  int takes_input = c->kind == CLIENT_FRAMES || (c->input_open && !(c->session && c->session->input_full));
  if (takes_input) mask |= EPOLLIN;
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
  if (c->kind == CLIENT_ATTACH && c->cursor.file >= 0) SYS(close, c->cursor.file);
  if (c->kind == CLIENT_EXEC && c->session && c->session->pending) {
    SYS(munmap, c->session->pending, CHUNK + STREAM_HEADER);
    c->session->pending = NULL;
    session_watch(m, c->session);
  }
  socket_forget_waits(m, c);
  u8 was = c->kind;
  c->kind = CLIENT_FREE;
  if (was != CLIENT_ATTACH || !m->log_is_spool) return;
  for (u32 i = 0; i < m->client_top; i++)
    if (m->rows[i].client.kind == CLIENT_ATTACH) return;
  log_discard(&m->log);
}

// Its output side is dead. What it sent before still reaches the program.
static void hang_up(struct monitor *m, struct client *c) {
  c->wants = 0;
  c->live = 1;
  if (!c->input_open) {
    client_close(m, c);
    return;
  }
  c->detached = 1;
  attach_watch(m, c);
}

// One message: a stream header (not for a terminal, not for owed bytes) and bytes. Returns payload bytes sent or -errno.
static long send_chunk(struct client *c, u8 stream, const u8 *bytes, size_t n, int raw) {
  u8 header[STREAM_HEADER] = {stream, 0, 0, 0, (u8)(n >> 24), (u8)(n >> 16), (u8)(n >> 8), (u8)n};
  struct abi_iovec parts[2] = {{header, raw ? 0 : STREAM_HEADER}, {bytes, n}};
  struct abi_msghdr message = {.iov = parts, .iov_count = 2};
  long sent = SYS(sendmsg, c->fd, &message, ABI_MSG_DONTWAIT | ABI_MSG_NOSIGNAL);
  if (sent < 0) return sent;
  if (raw) return sent;
  // A unix socket never splits so small a message; should a kernel do it, a broken stream is worse than a closed one.
  return sent < STREAM_HEADER ? -EPIPE : sent - STREAM_HEADER;
}

struct batch {
  u8 stream;      // 0: none yet
  size_t bytes;   // payload, in scratch_in
  u64 end;        // offset behind the last record looked at
  int whole;      // ends where that record ends
};

static int parse_record(const u8 *at, size_t left, u8 *stream, size_t *length) {
  size_t n = 0;
  while (n < left && at[n] != '\n') n++;
  if (n == left) return 0;
  *length = n + 1;
  int ours = n >= LOG_HEADER && at[30] == ' ' && at[37] == ' ' && at[39] == ' ' && (at[38] == 'F' || at[38] == 'P');
  *stream = !ours ? 0 : memcmp(at + 31, "stderr", 6) == 0 ? STREAM_STDERR : STREAM_STDOUT;
  return 1;
}

// Gathers payload of one stream from records in scratch_out, without the first `skip` bytes, at most `most`.
static void gather(const struct client *c, size_t there, size_t most, struct batch *b) {
  size_t skip = c->cursor.skip, at = 0, length;
  u8 stream;
  *b = (struct batch){.end = c->cursor.offset, .whole = 1};
  while (b->whole && parse_record(scratch_out + at, there - at, &stream, &length)) {
    if (stream != 0 && wants(c, stream)) {
      if (b->stream != 0 && b->stream != stream) return;
      int ends = scratch_out[at + 38] == 'F';
      size_t text = length - LOG_HEADER - (ends ? 0 : 1);
      size_t passed = skip < text ? skip : text;
      skip -= passed;
      text -= passed;
      if (b->bytes + text > most) {
        if (b->bytes > 0 && most == CHUNK) return;
        text = most - b->bytes;
        b->whole = 0;
      }
      memcpy(scratch_in + b->bytes, scratch_out + at + LOG_HEADER + passed, text);
      if (text > 0) b->stream = stream;
      b->bytes += text;
    }
    at += length;
    b->end = c->cursor.offset + at;
  }
}

static void say_skipped(struct client *c, int raw) {
  const char *text = "[inro: output was skipped here: it was rotated away before this client read it]\n";
  c->cursor.owed = 0;
  send_chunk(c, wants(c, STREAM_STDERR) ? STREAM_STDERR : STREAM_STDOUT, (const u8 *)text, strlen(text), raw);
}

// At the end of a rotated file: on to the next one. Returns 0 when there is none: the client is live.
static int advance(struct monitor *m, struct client *c) {
  struct log *log = &m->log;
  if (c->cursor.generation >= log->generation) return 0;
  u32 next = c->cursor.generation + 1 > log->oldest ? c->cursor.generation + 1 : log->oldest;
  char name[280];
  const char *file = log_name(log, next, name);
  long fd = file ? SYS(openat, log->folder, file, ABI_O_RDONLY | ABI_O_CLOEXEC, 0) : -ENOENT;
  if (fd < 0) return 0;
  int skipped = next != c->cursor.generation + 1;
  if (c->cursor.file >= 0) SYS(close, c->cursor.file);
  c->cursor = (struct cursor){.file = (i32)fd, .generation = next};
  if (skipped) say_skipped(c, c->session->terminal);
  return 1;
}

static void moved(struct client *c, const struct batch *b, size_t sent) {
  if (sent == b->bytes && b->whole) {
    c->cursor.offset = b->end;
    c->cursor.skip = 0;
  } else {
    c->cursor.skip += (u32)sent;
  }
}

// One message from the log. Returns 1 when there may be more, 0 when the client is live, -errno.
static int pump_once(struct monitor *m, struct client *c) {
  if (c->cursor.file < 0) return advance(m, c);
  m->scratch_dirty = 1;
  long there = SYS(pread64, c->cursor.file, scratch_out, SCRATCH_SIZE, c->cursor.offset);
  if (there < 0) return (int)there;
  if (there == 0) return advance(m, c);
  struct batch b;
  int raw = c->session->terminal || c->cursor.owed > 0;
  gather(c, (size_t)there, c->cursor.owed > 0 ? c->cursor.owed : CHUNK, &b);
  if (b.bytes == 0) {
    // Nothing for this client in what was read; a piece without any line end is not ours: step over it.
    int stuck = b.end == c->cursor.offset;
    if (stuck && there < SCRATCH_SIZE) return advance(m, c);
    c->cursor.offset = stuck ? c->cursor.offset + (u64)there : b.end;
    c->cursor.skip = 0;
    return 1;
  }
  long sent = send_chunk(c, b.stream, scratch_in, b.bytes, raw);
  if (sent < 0) return (int)sent;
  if (c->cursor.owed > 0) c->cursor.owed -= (u32)sent;
  else if (!raw) c->cursor.owed = (u32)(b.bytes - (size_t)sent);
  moved(c, &b, (size_t)sent);
  c->moved_at = monotonic_ms();
  return 1;
}

void attach_pump(struct monitor *m, struct client *c) {
  if (c->kind != CLIENT_ATTACH || c->detached) return;
  int more = 1;
  for (int round = 0; round < PUMP_ROUNDS && more > 0; round++) more = c->wants ? pump_once(m, c) : 0;
  if (more < 0 && more != -EAGAIN) {
    hang_up(m, c);
    return;
  }
  c->live = more == 0;
  c->blocked = more == -EAGAIN;
  if (c->live && m->over) client_close(m, c);
  else attach_watch(m, c);
}

void attach_pump_all(struct monitor *m) {
  for (u32 i = 0; i < m->client_top; i++)
    if (m->rows[i].client.kind == CLIENT_ATTACH && !m->rows[i].client.blocked) attach_pump(m, &m->rows[i].client);
}

static void to_end(struct monitor *m, struct client *c) {
  while (advance(m, c)) continue;
  c->cursor.offset = m->log.size;
  c->cursor.skip = 0;
}

void attach_direct(struct monitor *m, u8 stream, const u8 *bytes, size_t n) {
  for (u32 i = 0; i < m->client_top; i++) {
    struct client *c = &m->rows[i].client;
    if (c->kind != CLIENT_ATTACH || !c->live || c->detached) continue;
    to_end(m, c);
    if (!wants(c, stream) || c->cursor.owed > 0) continue;
    for (size_t at = 0; at < n; at += CHUNK) {
      size_t part = n - at < CHUNK ? n - at : CHUNK;
      // What does not fit is lost to this client as it is to the log.
      if (send_chunk(c, stream, bytes + at, part, c->session->terminal) < 0) break;
    }
  }
}

void attach_begin(struct monitor *m, struct client *c, struct session *s, int from_start) {
  c->kind = CLIENT_ATTACH;
  c->session = s;
  c->moved_at = monotonic_ms();
  c->cursor = (struct cursor){.file = -1};
  if (m->log_is_spool && m->log.path == NULL) log_open(&m->log, m->spool_path, 1024 * 1024, 2);
  struct log *log = &m->log;
  u32 generation = from_start ? log->oldest : log->generation;
  char name[280];
  const char *file = log_name(log, generation, name);
  long fd = file ? SYS(openat, log->folder, file, ABI_O_RDONLY | ABI_O_CLOEXEC, 0) : -ENOENT;
  c->cursor = (struct cursor){.file = (i32)fd, .generation = generation, .offset = from_start ? 0 : log->size};
  c->live = !from_start;
  attach_watch(m, c);
}

static struct client *client_of(struct monitor *m, const struct session *s) {
  for (u32 i = 0; i < m->client_top; i++)
    if (m->rows[i].client.kind == CLIENT_EXEC && m->rows[i].client.session == s) return &m->rows[i].client;
  return NULL;
}

void attach_exec(struct monitor *m, struct session *s, u8 stream, const u8 *bytes, size_t n) {
  struct client *c = client_of(m, s);
  if (c == NULL || c->detached || !wants(c, stream)) return;
  long sent = send_chunk(c, stream, bytes, n, s->terminal);
  if (sent == (long)n) return;
  if (sent < 0 && sent != -EAGAIN) {
    hang_up(m, c);
    return;
  }
  long mapped = SYS(mmap, 0, CHUNK + STREAM_HEADER, ABI_PROT_RW, ABI_MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (mapped < 0) {
    client_close(m, c);
    return;
  }
  s->pending = (u8 *)mapped;
  s->pending_from = s->pending_to = 0;
  if (sent < 0 && !s->terminal) {
    u8 header[STREAM_HEADER] = {stream, 0, 0, 0, (u8)(n >> 24), (u8)(n >> 16), (u8)(n >> 8), (u8)n};
    memcpy(s->pending, header, STREAM_HEADER);
    s->pending_to = STREAM_HEADER;
  }
  size_t from = sent < 0 ? 0 : (size_t)sent;
  memcpy(s->pending + s->pending_to, bytes + from, n - from);
  s->pending_to += (u32)(n - from);
  session_watch(m, s);
  attach_watch(m, c);
}

void attach_flush(struct monitor *m, struct client *c) {
  struct session *s = c->session;
  if (c->kind != CLIENT_EXEC || s == NULL || s->pending == NULL) return;
  long sent = SYS(sendto, c->fd, s->pending + s->pending_from, s->pending_to - s->pending_from,
                  ABI_MSG_DONTWAIT | ABI_MSG_NOSIGNAL, 0, 0);
  if (sent == -EAGAIN) return;
  if (sent >= 0) s->pending_from += (u32)sent;
  if (sent >= 0 && s->pending_from < s->pending_to) return;
  SYS(munmap, s->pending, CHUNK + STREAM_HEADER);
  s->pending = NULL;
  session_watch(m, s);
  if (sent < 0) hang_up(m, c);
  else attach_watch(m, c);
}

static void end_of_input(struct monitor *m, struct client *c) {
  struct session *s = c->session;
  c->input_open = 0;
  if (!s->terminal && (s != m->container || s->stdin_once)) session_close_input(m, s);
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
    if (n == -EAGAIN) return;
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
    if (c->kind == CLIENT_ATTACH && !c->blocked) attach_pump(m, c);
    if (c->kind == CLIENT_EXEC || (c->kind == CLIENT_ATTACH && c->live)) client_close(m, c);
  }
}
