// The monitor's socket: who may connect, frames in, answers out.
//
// A connection speaks frames (native/frame.h) until ATTACH or EXEC, whose answer is the last frame: what follows is the
// stream. A frame is read to its last byte and not one byte further, so stdin may follow ATTACH at once.
#include "monitor_abi.h"
#include "monitor_request.h"

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
    request_handle(m, c);
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
  // Without a descriptor left the connection stays in the queue and the listener readable: it is asked again when one
  // was closed, or a moment later, instead of at once and for ever.
  m->no_descriptor = fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS;
  if (m->listener >= 0) monitor_watch(m, m->listener, WATCH_LISTEN, m->no_descriptor ? 0 : EPOLLIN, &m->listening);
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
  monitor_watch(m, m->listener, WATCH_LISTEN, EPOLLIN, &m->listening);
  return 0;
}

// From now on who connects is refused, and reads the exit file.
void socket_close(struct monitor *m) {
  if (m->listener < 0) return;
  SYS(unlinkat, m->socket_folder, "monitor.sock", 0);
  SYS(close, m->listener);
  m->listener = -1;
  m->no_descriptor = 0;
}
