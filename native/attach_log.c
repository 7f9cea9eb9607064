// The container's output for its clients: each reads the log behind a cursor of its own. See attach.h.
#include "attach.h"

#include "monitor.h"
#include "monitor_abi.h"

enum { PUMP_ROUNDS = 4, SPOOL_SIZE = 16 * 1024 * 1024 };

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
    if (stream != 0 && client_wants(c, stream)) {
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

void attach_hold(struct monitor *m) {
  u32 needed = NOT_NEEDED;
  for (u32 i = 0; i < m->client_top; i++) {
    const struct client *c = &m->rows[i].client;
    if (c->kind != CLIENT_ATTACH || !c->holds || c->detached || !c->wants) continue;
    if (c->cursor.generation < needed) needed = c->cursor.generation;
  }
  m->log.needed = needed;
  u8 held = m->container->state < SESSION_ENDED && log_is_behind(&m->log);
  if (held == m->held) return;
  m->held = held;
  session_watch(m, m->container);
}

static void say_skipped(struct client *c, int raw) {
  const char *text = "[inro: output was skipped here: this client reads too slowly]\n";
  attach_send(c, client_wants(c, STREAM_STDERR) ? STREAM_STDERR : STREAM_STDOUT, (const u8 *)text, strlen(text), raw);
}

static void forget_read(struct monitor *m) {
  u32 lowest = m->log.generation;
  for (u32 i = 0; i < m->client_top; i++) {
    const struct client *c = &m->rows[i].client;
    if (c->kind == CLIENT_ATTACH && c->cursor.generation < lowest) lowest = c->cursor.generation;
  }
  log_reader_forget(&m->log, lowest);
}

// At the end of a rotated file: on to the next one. 1, or 0 when there is none: the client is live; or -errno.
static int advance(struct monitor *m, struct client *c) {
  struct log *log = &m->log;
  u32 next = c->cursor.generation + 1;
  if (next > log->generation) return 0;
  int skipped = log_reader_file(log, c->cursor.generation) < 0;
  for (; next < log->generation && log_reader_file(log, next) < 0; next++) skipped = 1;
  if (skipped && c->cursor.owed > 0) return -EPIPE;  // what the last header promised is gone
  c->cursor = (struct cursor){.generation = next};
  if (skipped) say_skipped(c, c->session->terminal);
  forget_read(m);
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
  i32 file = log_reader_file(&m->log, c->cursor.generation);
  if (file < 0) return advance(m, c);
  m->scratch_dirty = 1;
  long there = SYS(pread64, file, scratch_out, SCRATCH_SIZE, c->cursor.offset);
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
  long sent = attach_send(c, b.stream, scratch_in, b.bytes, raw);
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
    attach_hang_up(m, c);
    return;
  }
  if (c->holds) attach_hold(m);
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
  while (advance(m, c) > 0) continue;
  c->cursor.offset = m->log.size;
  c->cursor.skip = 0;
}

void attach_direct(struct monitor *m, u8 stream, const u8 *bytes, size_t n) {
  for (u32 i = 0; i < m->client_top; i++) {
    struct client *c = &m->rows[i].client;
    if (c->kind != CLIENT_ATTACH || !c->live || c->detached) continue;
    to_end(m, c);
    if (!client_wants(c, stream) || c->cursor.owed > 0) continue;
    for (size_t at = 0; at < n; at += CHUNK) {
      size_t part = n - at < CHUNK ? n - at : CHUNK;
      // What does not fit is lost to this client as it is to the log.
      if (attach_send(c, stream, bytes + at, part, c->session->terminal) < 0) break;
    }
  }
}

void attach_begin(struct monitor *m, struct client *c, struct session *s, int from_start) {
  c->kind = CLIENT_ATTACH;
  c->session = s;
  c->moved_at = monotonic_ms();
  if (m->log_is_spool && m->log.path == NULL) log_open(&m->log, m->spool_path, SPOOL_SIZE, 2);
  struct log *log = &m->log;
  log_reader_begin(log, from_start);
  c->cursor = (struct cursor){.generation = from_start ? log->oldest : log->generation, .offset = from_start ? 0 : log->size};
  c->live = !from_start;
  c->holds = s->state == SESSION_CREATED;
  attach_hold(m);
  attach_watch(m, c);
}

void attach_end(struct monitor *m) {
  m->log.readers--;
  forget_read(m);
  attach_hold(m);
  if (m->log.readers == 0 && m->log_is_spool) log_discard(&m->log);
}
