// The netlink operation: messages encoded elsewhere, one sendmsg, the kernel's acknowledgements.
//
// rtnetlink and nfnetlink work through a request before sendmsg returns, so every answer is there to be read at once
// and nothing is ever waited for (a dump goes on with each read).
#include <linux/netlink.h>

#include "monitor_abi.h"
#include "operate.h"

enum { AF_NETLINK_ = 16, SOL_NETLINK_ = 270, SOL_SOCKET_ = 1, SO_SNDBUFFORCE_ = 32, BATCH_BEGIN = 16, BATCH_END = 17, BUFFER = 32 * 1024 };

static u8 buffer[BUFFER] __attribute__((aligned(4096)));

void netlink_forget(void) {
  SYS(madvise, buffer, BUFFER, ABI_MADV_DONTNEED);
}

static long open_socket(struct record *r, i32 family) {
  long fd = CALL(r, socket, AF_NETLINK_, ABI_SOCK_RAW | ABI_SOCK_CLOEXEC, family);
  if (fd < 0) return fd;
  i32 on = 1;
  SYS(setsockopt, fd, SOL_NETLINK_, NETLINK_EXT_ACK, &on, sizeof on);
  SYS(setsockopt, fd, SOL_NETLINK_, NETLINK_CAP_ACK, &on, sizeof on);
  return fd;
}

// How many acknowledgements the messages ask for, or -EINVAL when their lengths do not add up.
static long expected(struct span messages) {
  struct nlmsghdr head;
  long acks = 0;
  u32 at = 0;
  while (at < messages.length) {
    if (messages.length - at < sizeof head) return -EINVAL;
    memcpy(&head, messages.at + at, sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > messages.length - at) return -EINVAL;
    acks += (head.nlmsg_flags & NLM_F_ACK) && head.nlmsg_type != BATCH_BEGIN && head.nlmsg_type != BATCH_END;
    at += NLMSG_ALIGN(head.nlmsg_len);
  }
  return acks;
}

// The text attribute of an extended acknowledgement (Documentation/userspace-api/netlink/intro.rst, "Ext ACK").
static void kernel_words(struct record *r, const u8 *message, u32 length, u16 flags) {
  u32 at = sizeof(struct nlmsghdr) + sizeof(i32) + sizeof(struct nlmsghdr);
  struct nlmsghdr original;
  if (!(flags & NLM_F_ACK_TLVS) || length < at) return;
  memcpy(&original, message + at - sizeof original, sizeof original);
  if (!(flags & NLM_F_CAPPED) && original.nlmsg_len > sizeof original) at += NLMSG_ALIGN(original.nlmsg_len) - sizeof original;
  while (at <= length && length - at >= sizeof(struct nlattr)) {
    struct nlattr attribute;
    memcpy(&attribute, message + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || attribute.nla_len > length - at) return;
    if ((attribute.nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG && message[at + attribute.nla_len - 1] == 0)
      detail(r, (const char *)message + at + sizeof attribute);
    at += NLA_ALIGN(attribute.nla_len);
  }
}

static void keep_answer(struct execution *e, struct record *r, const u8 *message, u32 length) {
  if (e->in_child) return;
  if (!r->data.at) r->data.at = map_memory(NETLINK_DATA_LIMIT);
  u32 padded = NLMSG_ALIGN(length);
  if (!r->data.at || NETLINK_DATA_LIMIT - r->data.length < padded) return;
  memcpy((u8 *)r->data.at + r->data.length, message, length);
  r->data.length += padded;
}

struct answers {
  long acks;
  long error;
  u8 more;  // a dump goes on
};

static void take_answer(struct execution *e, struct record *r, const u8 *message, u32 length, i32 tolerate, struct answers *a) {
  struct nlmsghdr head;
  memcpy(&head, message, sizeof head);
  if (head.nlmsg_type == NLMSG_DONE) {
    a->more = 0;
    return;
  }
  if (head.nlmsg_type != NLMSG_ERROR) {
    keep_answer(e, r, message, length);
    a->more = (head.nlmsg_flags & NLM_F_MULTI) != 0;
    return;
  }
  i32 error = 0;
  if (length >= sizeof head + sizeof error) memcpy(&error, message + sizeof head, sizeof error);
  a->acks++;
  if (error == 0 || a->error < 0) return;
  kernel_words(r, message, length, head.nlmsg_flags);
  if (-error == tolerate) tolerated(r, error);
  else a->error = error;
}

static long receive(struct execution *e, struct record *r, i32 fd, i32 tolerate, struct answers *a) {
  for (;;) {
    long n = CALL(r, recvfrom, fd, buffer, BUFFER, a->more ? 0 : ABI_MSG_DONTWAIT, 0, 0);
    if (n == -EAGAIN) return a->error;
    if (n == -EINTR) continue;
    if (n < 0) return n;
    for (u32 at = 0; at + sizeof(struct nlmsghdr) <= (u32)n;) {
      u32 length;
      memcpy(&length, buffer + at, sizeof length);
      if (length < sizeof(struct nlmsghdr) || length > (u32)n - at) return -EPROTO;
      take_answer(e, r, buffer + at, length, tolerate, a);
      at += NLMSG_ALIGN(length);
    }
  }
}

static long exchange(struct execution *e, struct record *r, i32 fd, struct span messages, i32 tolerate) {
  struct answers a = {0, 0, 0};
  long acks = expected(messages);
  if (acks < 0) return acks;
  // netlink(7): what is larger than the socket's buffer is EMSGSIZE; CAP_NET_ADMIN may have any buffer.
  i32 room = (i32)messages.length + BUFFER;
  if (messages.length > BUFFER) SYS(setsockopt, fd, SOL_SOCKET_, SO_SNDBUFFORCE_, &room, sizeof room);
  long done = CALL(r, sendto, fd, messages.at, messages.length, 0, 0, 0);
  if (done >= 0) done = receive(e, r, fd, tolerate, &a);
  // A netfilter batch that failed is answered for its failures alone.
  if (done >= 0 && r->state != RECORD_TOLERATED && a.acks < acks) {
    detail(r, "the kernel did not acknowledge every message");
    done = -EPROTO;
  }
  return done;
}

long op_netlink(struct execution *e, const struct op_netlink *o, struct record *r) {
  if (o->child_pid_at != NO_NUMBER) {
    u32 pid = (u32)e->pid;
    if (e->in_child || pid == 0 || o->messages.length < 4 || o->child_pid_at > o->messages.length - 4) return -EINVAL;
    memcpy((u8 *)o->messages.at + o->child_pid_at, &pid, sizeof pid);
  }
  long fd = open_socket(r, o->family);
  if (fd < 0) return fd;
  long done = exchange(e, r, (i32)fd, o->messages, o->tolerate);
  SYS(close, fd);
  return done;
}

long run_in_namespace(struct record *r, i32 ns, const char *ours, u32 type, struct errand errand) {
  long own = CALL(r, openat, AT_FDCWD, ours, ABI_O_RDONLY | ABI_O_CLOEXEC, 0);
  if (own < 0) return own;
  long done = CALL(r, setns, ns, type);
  if (done == 0) {
    done = errand.run(r, errand.about);
    u16 step = r->step;
    long back = CALL(r, setns, own, type);
    if (back == 0) r->step = step;
    else {
      if (done > 0) SYS(close, done);
      done = back;
    }
  }
  SYS(close, own);
  return done;
}

long run_in(struct record *r, i32 ns, struct errand errand) {
  return run_in_namespace(r, ns, "/proc/self/ns/net", CLONE_NEWNET, errand);
}

static long socket_errand(struct record *r, const void *family) { return open_socket(r, *(const i32 *)family); }

// A socket stays in the namespace that it was made in.
long op_netlink_in(struct execution *e, const struct op_netlink_in *o, struct record *r) {
  i32 family = (i32)o->family;
  long fd = run_in(r, slot_of(e, o->ns), (struct errand){socket_errand, &family});
  if (fd < 0) return fd;
  long done = exchange(e, r, (i32)fd, o->messages, o->tolerate);
  SYS(close, fd);
  return done;
}

struct parameter {
  const char *path;
  const char *data;
};

static long parameter_errand(struct record *r, const void *about) {
  const struct parameter *p = about;
  long folder = CALL(r, openat, AT_FDCWD, "/proc/sys/net", ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (folder < 0) return folder;
  long done = write_file(r, (i32)folder, p->path, p->data, IN_PROC, PROC_SUPER_MAGIC);
  SYS(close, folder);
  return done == -ENOENT ? tolerated(r, done) : done < 0 ? done : 0;
}

long op_network_parameter(struct execution *e, const struct op_network_parameter *o, struct record *r) {
  (void)e;
  struct parameter p = {o->path, o->data};
  return parameter_errand(r, &p);
}

long op_network_parameter_in(struct execution *e, const struct op_network_parameter_in *o, struct record *r) {
  struct parameter p = {o->path, o->data};
  return run_in(r, slot_of(e, o->ns), (struct errand){parameter_errand, &p});
}
