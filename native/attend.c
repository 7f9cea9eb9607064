// The program in the foreground. See attend.h.
#include "attend.h"

#include "operate.h"

enum { TCGETS = 0x5401, TCSETS = 0x5402, TIOCGWINSZ_ = 0x5413, SIGWINCH_ = 28, DRAIN_MS = 200 };

static const u8 forwarded[] = {1 /* HUP */, 2 /* INT */, 3 /* QUIT */, 10 /* USR1 */, 12 /* USR2 */, 14 /* ALRM */, 15 /* TERM */,
                               18 /* CONT */, 20 /* TSTP */, SIGWINCH_};

static void copy_size(i32 master) {
  struct abi_winsize size;
  if (SYS(ioctl, 0, TIOCGWINSZ_, &size) == 0) SYS(ioctl, master, ABI_TIOCSWINSZ, &size);
}

// cfmakeraw(3): struct termios begins with the flags of input, output, control and local; then a line discipline and the
// control characters, of which VTIME is the sixth and VMIN the seventh.
static void make_raw(struct attendance *a) {
  u32 raw[TERMIOS_SIZE / 4];
  if (SYS(ioctl, 0, TCGETS, a->settings) < 0) return;
  memcpy(raw, a->settings, sizeof raw);
  raw[0] &= ~(1u | 2 | 010 | 040 | 0100 | 0200 | 0400 | 02000);
  raw[1] &= ~1u;
  raw[2] = (raw[2] & ~(060u | 0400)) | 060;
  raw[3] &= ~(1u | 2 | 010 | 0100 | 0100000);
  u8 *characters = (u8 *)(raw + 4) + 1;
  characters[5] = 0;
  characters[6] = 1;
  a->raw = SYS(ioctl, 0, TCSETS, raw) == 0;
}

void attend_begin(struct attendance *a, const struct execution *e) {
  u64 mask = 1ull << (13 /* SIGPIPE */ - 1), wanted = 0;
  for (u32 i = 0; i < sizeof forwarded; i++) wanted |= 1ull << (forwarded[i] - 1);
  mask |= wanted;
  SYS(rt_sigprocmask, ABI_SIG_BLOCK, &mask, 0, sizeof mask);
  a->signals = (i32)SYS(signalfd4, -1, &wanted, sizeof wanted, ABI_O_NONBLOCK | ABI_O_CLOEXEC);
  a->input = (struct relay){.from = -1, .to = -1};
  a->output = a->input;
  a->terminal = a->terminal && e->master >= 0;
  if (!a->terminal) return;
  set_nonblocking(e->master);
  copy_size(e->master);
  make_raw(a);
  a->input.from = 0, a->input.to = e->master;
  a->output.from = e->master, a->output.to = 1;
}

static void pass_signals(const struct attendance *a, const struct execution *e) {
  u8 info[128];  // struct signalfd_siginfo, which begins with the number
  while (SYS(read, a->signals, info, sizeof info) == sizeof info) {
    u32 signal;
    memcpy(&signal, info, sizeof signal);
    // The terminal itself tells of its new size.
    if (signal == SIGWINCH_ && a->terminal) copy_size(e->master);
    else SYS(pidfd_send_signal, e->pidfd, signal, 0, 0);
  }
}

static struct abi_pollfd want(const struct relay *r) {
  if (r->from < 0 || r->to < 0) return (struct abi_pollfd){-1, 0, 0};
  return r->length > 0 ? (struct abi_pollfd){r->to, ABI_POLLOUT, 0} : (struct abi_pollfd){r->from, ABI_POLLIN, 0};
}

// EIO is how a terminal's master says that nobody holds it any more.
static void move(struct relay *r) {
  long n = r->length > 0 ? SYS(write, r->to, r->bytes + r->at, r->length) : SYS(read, r->from, r->bytes, sizeof r->bytes);
  if (n == -EAGAIN || n == -EINTR) return;
  if (n <= 0) r->from = -1, r->length = 0;
  else if (r->length > 0) r->at += (u32)n, r->length -= (u32)n;
  else r->at = 0, r->length = (u32)n;
}

void attend(struct attendance *a, const struct execution *e) {
  for (;;) {
    struct abi_pollfd poll[] = {{e->pidfd, ABI_POLLIN, 0}, {a->signals, ABI_POLLIN, 0}, want(&a->input), want(&a->output)};
    long ready = SYS(ppoll, poll, 4, 0, 0, 8);
    if (ready < 0 && ready != -EINTR) return;
    if (poll[1].revents) pass_signals(a, e);
    if (poll[2].revents) move(&a->input);
    if (poll[3].revents) move(&a->output);
    if (poll[0].revents) return;
  }
}

// What it started may hold the terminal open: that is not waited for.
void attend_end(struct attendance *a, const struct execution *e) {
  struct __kernel_timespec left = {0, DRAIN_MS * 1000000};
  while (a->output.from >= 0) {
    struct abi_pollfd poll = want(&a->output);
    if (SYS(ppoll, &poll, 1, &left, 0, 8) <= 0) break;
    move(&a->output);
  }
  if (a->raw) SYS(ioctl, 0, TCSETS, a->settings);
  if (e->master >= 0) SYS(close, e->master);
  SYS(close, a->signals);
}

long attend_send_master(i32 master, const char *path) {
  struct record unheard = {0};
  if (master < 0) return -ENOTTY;
  long socket = connect_patiently(&unheard, path);
  if (socket < 0) return socket;
  // A message carries at least one byte; runc's callers take the terminal's name for it.
  long done = send_rights((i32)socket, master, "/dev/ptmx", sizeof "/dev/ptmx" - 1);
  SYS(close, socket);
  return done;
}
