// Operations on the process: namespaces, names, limits, working directory.
#include <linux/keyctl.h>
#include <linux/resource.h>

#include "operate.h"

// include/uapi/linux/nsfs.h
enum { NS_GET_NSTYPE = 0xb703 };

// setns(2) has one EINVAL for whatever is not the namespace that was meant.
long explain_namespace(struct record *r, i32 ns, u32 wanted, long error) {
  if (error != -EINVAL) return error;
  long type = SYS(ioctl, ns, NS_GET_NSTYPE);
  if (type < 0) detail(r, "it is no namespace");
  else if ((u32)type != wanted) detail(r, "it is a namespace of another type");
  return error;
}

// pid_namespaces(7): a process enters one by being born into it, so that the executor can; nothing else can be undone.
static int needs_between(const struct plan *plan) {
  for (u32 i = plan->first[ACT_CLONE]; i < plan->first[ACT_MAP]; i++)
    if (plan->ops[i].code == OP_JOIN_NAMESPACE && plan->ops[i].join_namespace.type != CLONE_NEWPID) return 1;
  return 0;
}

static long remember_own(struct execution *e, struct record *r, u32 namespace) {
  long own = e->own >= 0 ? e->own : CALL(r, pidfd_open, SYS(getpid), 0);
  if (own < 0) return own;
  e->own = (i32)own;
  e->borrowed |= namespace;
  return 0;
}

long op_join_namespace(struct execution *e, const struct op_join_namespace *o, struct record *r) {
  i32 ns = slot_of(e, o->ns);
  if (e->in_child) return explain_namespace(r, ns, o->type, CALL(r, setns, ns, o->type));
  if (needs_between(&e->plan)) {
    if (e->joined_count == MOST_JOINED) return -E2BIG;
    e->joined[e->joined_count++] = o;
    return 0;
  }
  long done = remember_own(e, r, CLONE_NEWPID);
  if (done < 0) return done;
  // R14 (CVE-2016-9962): the child is visible in there from its first moment, and inherits that nobody may look in.
  SYS(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  return explain_namespace(r, ns, o->type, CALL(r, setns, ns, CLONE_NEWPID));
}

// proc_pid_stat(5): field 22, counted behind the command's closing bracket.
static u64 start_time(const char *stat) {
  const char *at = stat;
  u64 time = 0;
  for (const char *c = stat; *c; c++)
    if (*c == ')') at = c;
  for (int field = 2; field < 22 && *at; at++)
    if (*at == ' ') field++;
  for (; *at >= '0' && *at <= '9'; at++) time = time * 10 + (u64)(*at - '0');
  return time;
}

static long started_at(struct record *r, u32 pid, u64 wanted) {
  char path[32] = "/proc/", stat[1024];
  number_text(path + 6, pid);
  memcpy(path + strlen(path), "/stat", 6);
  long fd = CALL(r, openat, AT_FDCWD, path, ABI_O_RDONLY | ABI_O_CLOEXEC, 0);
  if (fd < 0) return fd;
  long n = CALL(r, read, fd, stat, sizeof stat - 1);
  SYS(close, fd);
  if (n < 0) return n;
  stat[n] = 0;
  return start_time(stat) == wanted ? 0 : -ESRCH;
}

long op_open_process(struct execution *e, const struct op_open_process *o, struct record *r) {
  long fd = CALL(r, pidfd_open, o->pid, 0);
  if (fd < 0) return fd;
  long done = o->start_time ? started_at(r, o->pid, o->start_time) : 0;
  // As long as it has not been reaped the pid is its own: then what was read was about it.
  if (done >= 0) done = CALL(r, pidfd_send_signal, fd, 0, 0, 0);
  if (done >= 0) return slot_set(e, o->out, fd);
  SYS(close, fd);
  return done == -ENOENT ? -ESRCH : done;
}

long op_pass_descriptors(struct execution *e, const struct op_pass_descriptors *o, struct record *r) {
  if (o->count > e->inherited) return -EBADF;
  for (u32 i = 0; i < o->count; i++) {
    long there = CALL(r, fcntl, PASSED_FROM + i, F_GETFD, 0);
    if (there < 0) return there;
  }
  e->passed = o->count;
  return 0;
}

long op_unshare(struct execution *e, const struct op_unshare *o, struct record *r) {
  if (!e->in_child) {
    // time_namespaces(7): as with pid namespaces, it is the children that are in it.
    if (o->flags != CLONE_NEWTIME) return -EINVAL;
    long done = remember_own(e, r, CLONE_NEWTIME);
    if (done < 0) return done;
  }
  return CALL(r, unshare, o->flags);
}

long op_release(struct execution *e, const struct op_release *o, struct record *r) {
  if (o->point >= SYNC_POINTS) return -EINVAL;
  r->step = e->in_child ? __NR_write : __NR_sendto;
  return sync_send(e, o->point);
}

long op_await(struct execution *e, const struct op_await *o, struct record *r) {
  if (o->point >= SYNC_POINTS) return -EINVAL;
  r->step = __NR_read;
  return e->in_child ? sync_read(e, o->point) : sync_wait(e, o->point);
}

long op_chroot(struct execution *e, const struct op_chroot *o, struct record *r) {
  long done = CALL(r, fchdir, slot_of(e, o->root));
  if (done >= 0) done = CALL(r, chroot, ".");
  if (done >= 0) done = CALL(r, chdir, "/");
  return done;
}

long op_hostname(struct execution *e, const struct op_hostname *o, struct record *r) {
  (void)e;
  return CALL(r, sethostname, o->name, strlen(o->name));
}

long op_domainname(struct execution *e, const struct op_domainname *o, struct record *r) {
  (void)e;
  return CALL(r, setdomainname, o->name, strlen(o->name));
}

long op_rlimit(struct execution *e, const struct op_rlimit *o, struct record *r) {
  struct rlimit64 limit = {o->soft, o->hard};
  if (e->pid == 0) return -ESRCH;
  return CALL(r, prlimit64, e->pid, o->resource, &limit, 0);
}

long op_keyring(struct execution *e, const struct op_keyring *o, struct record *r) {
  (void)e;
  long done = CALL(r, keyctl, KEYCTL_JOIN_SESSION_KEYRING, o->name);
  // A kernel without keyrings has none to share.
  return done == -ENOSYS ? tolerated(r, done) : done;
}

long op_umask(struct execution *e, const struct op_umask *o, struct record *r) {
  (void)e;
  return CALL(r, umask, o->mask);
}

// R13 (CVE-2024-21626): outside the root, getcwd answers a path that does not begin with a slash.
static long inside_root(struct record *r) {
  char path[4096];
  long n = CALL(r, getcwd, path, sizeof path);
  if (n < 0) return n;
  if (path[0] == '/') return 0;
  detail(r, "the working directory lies outside the container's root");
  return -EXDEV;
}

static long make_working_directory(struct record *r, const char *path) {
  long root = CALL(r, openat, AT_FDCWD, "/", ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (root < 0) return root;
  long done = make_missing(r, (i32)root, path, 0755, 1);
  SYS(close, root);
  return done;
}

// The child's own: a folder that only root may enter was entered before the change of user, and is not tried again.
static u8 entered;

long op_working_directory(struct execution *e, const struct op_working_directory *o, struct record *r) {
  (void)e;
  if (!o->optional && entered) return inside_root(r);
  long done = CALL(r, chdir, o->path);
  if (done == -ENOENT && o->create) {
    done = make_working_directory(r, o->path);
    if (done >= 0) done = CALL(r, chdir, o->path);
  }
  if (o->optional && (done == -EACCES || done == -EPERM)) return tolerated(r, done);
  if (done >= 0) entered = 1;
  return done < 0 ? done : inside_root(r);
}
