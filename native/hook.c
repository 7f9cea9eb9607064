// Hooks: programs that the caller wants to run at a moment of the container's life (config.md, "POSIX-platform Hooks").
// Those of act `become` run under the filter: only the calls of src/kernel/plan/after-seccomp.ts are made here.
#include "operate.h"

enum { OUTPUT_KEPT = 160, LAST_READS = 16, TOLD = 3 };

// The descriptors of a hook's start: what it reads, where its output comes from and goes to, and a pipe that ends with
// its exec, or tells the errno of what went wrong before.
struct start {
  i32 state, output[2], told[2];
};

static void close_start(struct start *s) {
  i32 fds[] = {s->state, s->output[0], s->output[1], s->told[0], s->told[1]};
  for (int i = 0; i < 5; i++)
    if (fds[i] >= 0) SYS(close, fds[i]);
}

static long put(struct record *r, i32 fd, const char *text, size_t n) {
  if (n == 0) return 0;
  long wrote = CALL(r, write, fd, text, n);
  return wrote >= 0 && (size_t)wrote < n ? -EIO : wrote;
}

// The state as a file in memory: however little of it the hook reads, nobody waits and nobody gets a SIGPIPE.
static long state_file(struct record *r, const struct op_hook *o, i32 pid) {
  char digits[21];
  size_t all = strlen(o->state), at = o->pid_at < all ? o->pid_at : all;
  number_text(digits, (u64)pid);
  long fd = CALL(r, memfd_create, "state", 1 /* MFD_CLOEXEC */);
  if (fd < 0) return fd;
  long done = put(r, (i32)fd, o->state, at);
  if (done >= 0 && o->pid_at != NO_NUMBER) done = put(r, (i32)fd, digits, strlen(digits));
  if (done >= 0) done = put(r, (i32)fd, o->state + at, all - at);
  if (done >= 0) done = CALL(r, lseek, fd, 0, 0);
  if (done < 0) SYS(close, fd);
  return done < 0 ? done : fd;
}

static long prepare(struct record *r, const struct op_hook *o, i32 pid, struct start *s) {
  *s = (struct start){-1, {-1, -1}, {-1, -1}};
  long done = state_file(r, o, pid);
  s->state = done < 0 ? -1 : (i32)done;
  if (done >= 0) done = CALL(r, pipe2, s->output, ABI_O_CLOEXEC);
  if (done >= 0) done = CALL(r, pipe2, s->told, ABI_O_CLOEXEC);
  return done;
}

// The new process, up to its program. A session of its own, so that a late one is killed with what it started.
static _Noreturn void become_hook(const struct execution *e, const struct op_hook *o, const struct start *s, i32 parent) {
  u64 none = 0;
  i32 told = s->told[1];
  long done = SYS(prctl, PR_SET_PDEATHSIG, ABI_SIGKILL, 0, 0, 0);
  if (SYS(getppid) != parent) sys_exit(126);
  SYS(setsid);
  if (!e->in_child) SYS(rt_sigprocmask, ABI_SIG_SETMASK, &none, 0, sizeof none);
  // What builds a container has none (child.c).
  if (o->phase == HOOK_PHASE_CREATE_CONTAINER) SYS(umask, 022);
  if (done >= 0) done = SYS(dup3, s->state, 0, 0);
  if (done >= 0) done = SYS(dup3, s->output[1], 1, 0);
  if (done >= 0) done = SYS(dup3, s->output[1], 2, 0);
  if (done >= 0 && told != TOLD) done = SYS(dup3, told, TOLD, ABI_O_CLOEXEC);
  // R13: the hook gets the three streams and nothing else.
  if (done >= 0) done = SYS(close_range, TOLD + 1, ~0u, 0);
  if (done >= 0 && *o->directory) done = SYS(chdir, o->directory);
  if (done >= 0) done = SYS(execve, o->path, o->argv.at, o->env.at);
  i32 error = (i32)-done;
  SYS(write, TOLD, &error, sizeof error);
  sys_exit(126);
}

// R17: of what a hook writes the last is kept, in one line of a text that holds no NUL.
static void keep_last(char kept[OUTPUT_KEPT + 1], const char *from, size_t n) {
  size_t have = strlen(kept), take = n < OUTPUT_KEPT ? n : OUTPUT_KEPT;
  size_t stay = have + take > OUTPUT_KEPT ? OUTPUT_KEPT - take : have;
  memmove(kept, kept + have - stay, stay);
  for (size_t i = 0; i < take; i++) kept[stay + i] = from[n - take + i] ? from[n - take + i] : ' ';
  kept[stay + take] = 0;
}

// Until the hook has ended (0), its time is over, the container has ended that it is called for, or nobody waits for the
// plan any more. ppoll(2) leaves what is left of
// the time in its argument, and is not continued by another call after a stop: both hold under the filter.
static long watch(const struct execution *e, const struct op_hook *o, i32 pidfd, i32 output, char *kept) {
  struct __kernel_timespec left = {o->timeout / 1000, (long long)(o->timeout % 1000) * 1000000};
  struct abi_pollfd poll[] = {
    {output, ABI_POLLIN, 0}, {pidfd, ABI_POLLIN, 0},
    {e->in_child ? -1 : e->caller, ABI_POLLRDHUP, 0}, {e->in_child ? -1 : e->sync, ABI_POLLRDHUP, 0},
  };
  for (int last = 0; last < LAST_READS;) {
    char chunk[4096];
    long ready = SYS(ppoll, poll, 4, o->timeout == NO_NUMBER ? NULL : &left, 0, 8);
    if (ready == -EINTR) continue;
    if (ready <= 0) return ready == 0 ? -ETIMEDOUT : ready;
    if (poll[2].revents) return -ECANCELED;
    if (poll[3].revents & ~ABI_POLLIN) return -EPIPE;
    // What it started may hold its output open, and write on: its own last words are read, and no more.
    if (poll[1].revents) last++;
    if (poll[0].revents) {
      long n = SYS(read, output, chunk, sizeof chunk);
      if (n > 0) keep_last(kept, chunk, (size_t)n);
      else poll[0].fd = -1;
    } else if (poll[1].revents) break;
  }
  return 0;
}

static void tell_output(struct record *r, char *kept) {
  size_t n = strlen(kept);
  while (n > 0 && kept[n - 1] == '\n') kept[--n] = 0;
  if (n > 0) detail(r, ": "), detail(r, kept);
}

static long judge(struct record *r, const struct op_hook *o, long watched, i32 status, char *kept) {
  if (watched >= 0 && status == 0) return 0;
  r->step = NO_STEP;
  if (watched == -ETIMEDOUT) {
    detail(r, "it did not end within ");
    detail_number(r, o->timeout);
    detail(r, " ms and was killed");
  } else if (watched == -ECANCELED) detail(r, "nobody waits for it any more");
  else if (watched == -EPIPE) detail(r, "the container has ended");
  else if (watched >= 0) {
    detail(r, (status & 0x7f) ? "it was ended by signal " : "it ended with exit code ");
    detail_number(r, (u64)((status & 0x7f) ? status & 0x7f : (status >> 8) & 0xff));
  }
  tell_output(r, kept);
  return watched < 0 ? watched : -ECANCELED;
}

static long wait_for(const struct execution *e, const struct op_hook *o, struct record *r, i32 pid, i32 pidfd, i32 output) {
  char kept[OUTPUT_KEPT + 1] = "";
  i32 status = 0;
  long watched = watch(e, o, pidfd, output, kept), got = -EINTR;
  if (watched < 0) {
    SYS(kill, -pid, ABI_SIGKILL);
    SYS(kill, pid, ABI_SIGKILL);
  }
  while (got == -EINTR) got = SYS(wait4, pid, &status, 0, 0);
  return judge(r, o, watched, status, kept);
}

// A plan that failed calls poststop hooks if it came to its first hook, or to its gate: runtime.md, "Lifecycle", goes on
// with them after a hook that failed; what never came so far was never attempted ("Errors").
static int came_to_hooks(const struct execution *e) {
  for (u32 i = 0; i < e->plan.first[ACT_UNDO]; i++)
    if (e->plan.ops[i].code == OP_HOOK && e->records[i].state != RECORD_NOT_RUN) return 1;
  return e->ready;
}

long op_claim(struct execution *e, const struct op_claim *o, struct record *r) {
  if (e->partial && !came_to_hooks(e)) return 0;
  long fd = CALL(r, openat, AT_FDCWD, o->path, ABI_O_WRONLY | ABI_O_CREAT | ABI_O_EXCL | ABI_O_NOFOLLOW | ABI_O_CLOEXEC, 0600);
  if (fd >= 0) SYS(close, fd);
  e->elsewhere = fd == -EEXIST || fd == -ENOENT;
  return fd >= 0 || e->elsewhere ? 0 : fd;
}

long op_hook(struct execution *e, const struct op_hook *o, struct record *r) {
  struct start s;
  i32 pidfd = -1, error = 0;
  if (e->elsewhere || (e->partial && !came_to_hooks(e))) return 0;
  i32 self = (i32)SYS(getpid);
  long done = prepare(r, o, e->in_child ? self : e->pid, &s);
  if (done >= 0) done = CALL(r, clone, CLONE_PIDFD | ABI_SIGCHLD, 0, &pidfd, 0, 0);
  if (done == 0) become_hook(e, o, &s, self);
  if (done < 0) {
    close_start(&s);
    return done;
  }
  i32 pid = (i32)done;
  SYS(close, s.told[1]);
  SYS(close, s.output[1]);
  s.told[1] = s.output[1] = -1;
  if (SYS(read, s.told[0], &error, sizeof error) == sizeof error) {
    SYS(wait4, pid, NULL, 0, 0);
    r->step = __NR_execve;
    done = -error;
    explain_refusal(r, o->path, done);
  } else done = wait_for(e, o, r, pid, pidfd, s.output[0]);
  SYS(close, pidfd);
  close_start(&s);
  return done;
}
