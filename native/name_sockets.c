// The sockets that a container's DNS queries come to. See names.h.
#include <linux/in.h>

#include "names.h"
#include "operate.h"

enum {
  STREAM = 1, DATAGRAM = 2, SO_RCVBUFFORCE_ = 33, SO_SNDBUF_ = 7,
  BACKLOG = 64,
  WAITING = 512 * 1024,   // bytes of queries that may wait while the engine is away
  ANSWER = 2 * 64 * 1024, // the largest message fits a stream whole
};

// Its interface need not be up yet.
static long bound(struct record *r, i32 type, u32 port) {
  long fd = CALL(r, socket, AF_INET_, type | ABI_SOCK_CLOEXEC | ABI_O_NONBLOCK, 0);
  if (fd < 0) return fd;
  i32 on = 1, waiting = WAITING, answer = ANSWER;
  SYS(setsockopt, fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  if (type == DATAGRAM) SYS(setsockopt, fd, ABI_SOL_SOCKET, SO_RCVBUFFORCE_, &waiting, sizeof waiting);
  else SYS(setsockopt, fd, ABI_SOL_SOCKET, SO_SNDBUF_, &answer, sizeof answer);
  struct sockaddr_in at = {.sin_family = AF_INET_, .sin_port = (u16)(port >> 8 | port << 8), .sin_addr = {NAME_ADDRESS}};
  long done = CALL(r, bind, fd, &at, sizeof at);
  if (done >= 0 && type == STREAM) done = CALL(r, listen, fd, BACKLOG);
  if (done >= 0) return fd;
  SYS(close, fd);
  return done;
}

struct query_sockets {
  struct execution *e;
  u32 port;
};

static long make(struct record *r, const void *about) {
  const struct query_sockets *q = about;
  long datagrams = bound(r, DATAGRAM, q->port);
  if (datagrams < 0) return datagrams;
  long listener = bound(r, STREAM, q->port);
  if (listener < 0) {
    SYS(close, datagrams);
    return listener;
  }
  q->e->datagrams = (i32)datagrams;
  q->e->listener = (i32)listener;
  return 0;
}

long op_name_sockets(struct execution *e, const struct op_name_sockets *o, struct record *r) {
  if (e->pid == 0 || e->monitor == NULL || e->datagrams >= 0 || o->port == 0 || o->port > 0xffff) return -EINVAL;
  struct query_sockets q = {e, o->port};
  return run_in(r, e->pidfd, (struct errand){make, &q});
}
