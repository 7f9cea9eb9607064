// The numbered syncs between the executor and its child: one u32 a message.
#include "operate.h"

// The child writes, as it may after seccomp. The parent must not die of a child that is gone.
long sync_send(const struct execution *e, u32 message) {
  long sent = -EINTR;
  while (sent == -EINTR)
    sent = e->in_child ? SYS(write, e->child_sync, &message, sizeof message)
                       : SYS(sendto, e->sync, &message, sizeof message, ABI_MSG_NOSIGNAL, 0, 0);
  return sent < 0 ? sent : 0;
}

long sync_send_descriptor(i32 fd, u32 message, i32 descriptor) {
  struct abi_rights rights = {offsetof(struct abi_rights, pad), ABI_SOL_SOCKET, ABI_SCM_RIGHTS, descriptor, 0};
  struct abi_iovec part = {&message, sizeof message};
  struct abi_msghdr head = {.iov = &part, .iov_count = 1, .control = &rights, .control_length = sizeof rights};
  long sent = SYS(sendmsg, fd, &head, ABI_MSG_NOSIGNAL);
  return sent < 0 ? sent : 0;
}

// A caller that hangs up while its plan is executed wants it no more.
static long wait_readable(struct execution *e) {
  struct abi_pollfd poll[] = {{e->sync, ABI_POLLIN, 0}, {e->caller, ABI_POLLRDHUP, 0}};
  struct __kernel_timespec ts = {e->deadline_ms / 1000, (long long)(e->deadline_ms % 1000) * 1000000};
  long ready = SYS(ppoll, poll, 2, e->deadline_ms ? &ts : NULL, 0, 8);
  if (ready == -EINTR) return 0;
  if (ready > 0 && poll[1].revents && !poll[0].revents) return -ECANCELED;
  return ready == 0 ? -ETIMEDOUT : ready;
}

static void keep(struct execution *e, u32 message, const struct abi_rights *rights) {
  if (message < SYNC_POINTS) e->arrived |= 1u << message;
  if (message == SYNC_READY) e->ready = 1;
  if (message != SYNC_MASTER || rights->length != offsetof(struct abi_rights, pad) || rights->type != ABI_SCM_RIGHTS) return;
  if (e->master >= 0) SYS(close, e->master);
  e->master = rights->fd;
}

int sync_came(const struct execution *e, u32 message) {
  return message == SYNC_READY ? e->ready : message < SYNC_POINTS && (e->arrived & (1u << message));
}

// One message, if there is one: -EAGAIN when there is none.
static long receive(struct execution *e) {
  u32 got = 0;
  struct abi_rights rights = {0};
  struct abi_iovec part = {&got, sizeof got};
  struct abi_msghdr head = {.iov = &part, .iov_count = 1, .control = &rights, .control_length = sizeof rights};
  long n = SYS(recvmsg, e->sync, &head, ABI_MSG_CMSG_CLOEXEC | ABI_MSG_DONTWAIT);
  // A child that is killed with messages unread resets the pair.
  if (n == 0 || n == -ECONNRESET) return -EPIPE;
  if (n == sizeof got) keep(e, got, &rights);
  return n < 0 ? n : 0;
}

long sync_wait(struct execution *e, u32 message) {
  while (!sync_came(e, message)) {
    long done = wait_readable(e);
    if (done < 0) return done;
    done = receive(e);
    if (done < 0 && done != -EINTR && done != -EAGAIN) return done;
  }
  return 0;
}

long sync_drain(struct execution *e) {
  for (;;) {
    long done = receive(e);
    if (done == -EAGAIN) return 0;
    if (done < 0 && done != -EINTR) return done;
  }
}

long sync_read(struct execution *e, u32 message) {
  for (;;) {
    u32 got;
    if (message < SYNC_POINTS && (e->arrived & (1u << message))) return 0;
    long n = SYS(read, e->child_sync, &got, sizeof got);
    if (n == -EINTR) continue;
    if (n == 0) return -EPIPE;
    if (n < 0) return n;
    if (got < SYNC_POINTS) e->arrived |= 1u << got;
    if (got == message) return 0;
  }
}
