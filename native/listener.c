// A seccomp filter's listener on its way to who decides about notifications (seccomp_unotify(2)).
#include "operate.h"

// What the child's `seccomp` answered; -1 for a filter without a listener.
static i32 listener_of(const struct execution *e) {
  for (u32 i = e->plan.first[ACT_CONFINE]; i < e->plan.first[ACT_BECOME]; i++)
    if (e->plan.ops[i].code == OP_SECCOMP && e->records[i].value > 2) return (i32)e->records[i].value;
  return -1;
}

// An agent that does not take what it is sent must not hold a monitor up.
long connect_patiently(struct record *r, const char *path) {
  struct sockaddr_un address = {.sun_family = ABI_AF_UNIX};
  struct __kernel_old_timeval patience = {5, 0};
  size_t n = strlen(path);
  if (n >= sizeof address.sun_path) return -ENAMETOOLONG;
  memcpy(address.sun_path, path, n);
  long fd = CALL(r, socket, ABI_AF_UNIX, ABI_SOCK_STREAM | ABI_SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  long done = CALL(r, setsockopt, fd, ABI_SOL_SOCKET, ABI_SO_SNDTIMEO, &patience, sizeof patience);
  if (done >= 0) done = CALL(r, connect, fd, &address, sizeof address);
  if (done >= 0) return fd;
  SYS(close, fd);
  return done;
}

// config-linux.md: the descriptors go with the first part of the state alone.
long send_rights(i32 socket, i32 descriptor, const char *text, size_t n) {
  struct abi_rights rights = {offsetof(struct abi_rights, pad), ABI_SOL_SOCKET, ABI_SCM_RIGHTS, descriptor, 0};
  for (size_t sent = 0; sent < n;) {
    struct abi_iovec part = {text + sent, n - sent};
    struct abi_msghdr head = {.iov = &part, .iov_count = 1};
    if (sent == 0) head.control = &rights, head.control_length = sizeof rights;
    long done = SYS(sendmsg, socket, &head, ABI_MSG_NOSIGNAL);
    if (done < 0) return done;
    sent += (size_t)done;
  }
  return 0;
}

static size_t state_text(const struct execution *e, struct texts parts, char *to) {
  char pid[21];
  size_t n = 0;
  number_text(pid, (u64)e->pid);
  for (u32 i = 0; i < parts.count; i++) {
    if (i > 0) memcpy(to + n, pid, strlen(pid)), n += strlen(pid);
    memcpy(to + n, parts.at[i], strlen(parts.at[i]));
    n += strlen(parts.at[i]);
  }
  return n;
}

long op_send_listener(struct execution *e, const struct op_send_listener *o, struct record *r) {
  i32 theirs = listener_of(e);
  if (theirs < 0) return -EBADF;
  size_t room = 1;
  for (u32 i = 0; i < o->state.count; i++) room += strlen(o->state.at[i]) + 21;
  char *state = map_memory(room);
  if (!state) return -ENOMEM;
  long socket = connect_patiently(r, o->path);
  long listener = socket < 0 ? socket : CALL(r, pidfd_getfd, e->pidfd, theirs, 0);
  if (listener >= 0) r->step = __NR_sendmsg;
  long done = listener < 0 ? listener : send_rights((i32)socket, (i32)listener, state, state_text(e, o->state, state));
  if (listener >= 0) SYS(close, listener);
  if (socket >= 0) SYS(close, socket);
  unmap_memory(state, room);
  return done;
}
