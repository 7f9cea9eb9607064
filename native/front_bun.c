// Who serves a front: the Bun that listens for those of its standing, or one that it starts. See front.h.
#include "abi.h"
#include "front.h"

enum { ABI_SOCK_STREAM_CLOEXEC = ABI_SOCK_STREAM | ABI_SOCK_CLOEXEC, ABI_SIG_DFL_SIGNALS = 64, PRIO_PROCESS_ = 0 };
// How long a Bun waits for more, in seconds.
enum { LASTING_S = 60, PASSING_S = 5 };

// R16: the folder is ours and nobody else's, so who listens in it is ourselves; the kernel says so once more.
static int is_ours(i32 folder) {
  struct statx info;
  if (SYS(statx, folder, "", ABI_AT_EMPTY_PATH, STATX_UID | STATX_MODE | STATX_TYPE, &info) < 0) return 0;
  return info.stx_uid == (u32)SYS(geteuid) && (info.stx_mode & ABI_S_IFMT) == ABI_S_IFDIR && (info.stx_mode & 077) == 0;
}

static int is_our_peer(i32 socket) {
  struct abi_ucred peer;
  i32 length = sizeof peer;
  return SYS(getsockopt, socket, ABI_SOL_SOCKET, ABI_SO_PEERCRED, &peer, &length) == 0 && peer.uid == (u32)SYS(geteuid);
}

// A socket's address holds 108 bytes: it is named through its folder's descriptor.
static long connect_in(i32 folder) {
  struct sockaddr_un address = {.sun_family = ABI_AF_UNIX, .sun_path = "/proc/self/fd/"};
  number_text(address.sun_path + strlen(address.sun_path), (u64)folder);
  memcpy(address.sun_path + strlen(address.sun_path), "/socket", sizeof "/socket");
  long fd = SYS(socket, ABI_AF_UNIX, ABI_SOCK_STREAM_CLOEXEC, 0);
  if (fd < 0) return fd;
  long done = SYS(connect, fd, &address, sizeof address);
  if (done == 0 && is_our_peer((i32)fd)) return fd;
  SYS(close, fd);
  return done < 0 ? done : -EPERM;
}

i32 front_connect(const struct front *f) {
  long folder = SYS(openat, AT_FDCWD, f->folder, ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_NOFOLLOW | ABI_O_CLOEXEC, 0);
  if (folder < 0) return (i32)folder;
  long fd = is_ours((i32)folder) ? connect_in((i32)folder) : -EPERM;
  SYS(close, folder);
  return (i32)fd;
}

static void own_signals(void) {
  u64 action[4] = {0}, none = 0;
  for (int signal = 1; signal <= ABI_SIG_DFL_SIGNALS; signal++) SYS(rt_sigaction, signal, action, 0, sizeof none);
  SYS(rt_sigprocmask, ABI_SIG_SETMASK, &none, 0, sizeof none);
}

// What serves others too is as quick to be killed and as slow to be scheduled as any process, not as its first caller.
static void own_place(void) {
  u8 all[128];
  memset(all, 0xff, sizeof all);
  long fd = SYS(openat, AT_FDCWD, "/proc/self/oom_score_adj", ABI_O_WRONLY | ABI_O_CLOEXEC, 0);
  if (fd >= 0) SYS(write, fd, "0", 1), SYS(close, fd);
  SYS(sched_setaffinity, 0, sizeof all, all);
  SYS(setpriority, PRIO_PROCESS_, 0, 0);
}

// Nothing of the caller's: it waits for the end of its pipes, its terminal hangs up, its folder may be removed.
static _Noreturn void become_bun(const struct front *f, i32 wire) {
  char idle[21];
  long copy = SYS(fcntl, wire, F_DUPFD_CLOEXEC, 4);
  SYS(setsid);
  own_signals();
  long null = SYS(openat, AT_FDCWD, "/dev/null", ABI_O_RDWR | ABI_O_CLOEXEC, 0);
  for (i32 fd = 0; fd < 3; fd++) SYS(dup3, null, fd, 0);
  SYS(dup3, copy, 3, 0);
  SYS(close_range, 4, ~0u, 0);
  SYS(chdir, "/");
  if (f->folder[0]) own_place();
  number_text(idle, front_lasts() ? LASTING_S : PASSING_S);
  const char *argv[] = {"inro-warm", f->folder, idle, NULL};
  const char *envp[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
  SYS(execve, f->program, argv, envp);
  sys_exit(127);
}

i32 front_start(struct front *f) {
  i32 pair[2];
  long done = SYS(socketpair, ABI_AF_UNIX, ABI_SOCK_STREAM_CLOEXEC, 0, pair);
  if (done < 0) return (i32)done;
  done = SYS(clone, ABI_SIGCHLD, 0, 0, 0, 0);
  if (done == 0) become_bun(f, pair[1]);
  SYS(close, pair[1]);
  if (!f->folder[0]) f->bun = (i32)done;
  if (done > 0) return pair[0];
  SYS(close, pair[0]);
  return (i32)done;
}
