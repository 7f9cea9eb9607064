// An exec session's output for its one client, for which the program waits. See attach.h.
#include "attach.h"

#include "monitor.h"
#include "monitor_abi.h"

static struct client *client_of(struct monitor *m, const struct session *s) {
  for (u32 i = 0; i < m->client_top; i++)
    if (m->rows[i].client.kind == CLIENT_EXEC && m->rows[i].client.session == s) return &m->rows[i].client;
  return NULL;
}

void attach_exec(struct monitor *m, struct session *s, u8 stream, const u8 *bytes, size_t n) {
  struct client *c = client_of(m, s);
  if (c == NULL || c->detached || !client_wants(c, stream)) return;
  long sent = attach_send(c, stream, bytes, n, s->terminal);
  if (sent == (long)n) return;
  if (sent < 0 && sent != -EAGAIN) {
    attach_hang_up(m, c);
    return;
  }
  long mapped = SYS(mmap, 0, CHUNK + STREAM_HEADER, ABI_PROT_RW, ABI_MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (mapped < 0) {
    client_close(m, c);
    return;
  }
  s->pending = (u8 *)mapped;
  s->pending_from = s->pending_to = 0;
  c->moved_at = monotonic_ms();
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
  c->moved_at = monotonic_ms();
  if (sent >= 0 && s->pending_from < s->pending_to) return;
  SYS(munmap, s->pending, CHUNK + STREAM_HEADER);
  s->pending = NULL;
  session_watch(m, s);
  if (sent < 0) attach_hang_up(m, c);
  else attach_watch(m, c);
}
