// How the executor becomes the monitor. See monitor.h.
#include "execute.h"
#include "monitor.h"
#include "monitor_abi.h"

// SIGPIPE, SIGHUP and SIGXFSZ come back as EPIPE, nothing and EFBIG; the others of a terminal or of a shutdown do not
// end a monitor while its container runs. Blocked, not ignored: what is ignored would be inherited through exec.
static void own_signals(struct monitor *m) {
  static const u8 blocked[] = {1 /* HUP */, 2 /* INT */, 3 /* QUIT */, 13 /* PIPE */, 15 /* TERM */, 17 /* CHLD */,
                               20 /* TSTP */, 21 /* TTIN */, 22 /* TTOU */, 25 /* XFSZ */};
  u64 mask = 0, child = 1ull << (17 - 1);
  for (u32 i = 0; i < sizeof blocked; i++) mask |= 1ull << (blocked[i] - 1);
  SYS(rt_sigprocmask, ABI_SIG_SETMASK, &mask, 0, 8);
  m->signals = (i32)SYS(signalfd4, -1, &child, 8, ABI_O_NONBLOCK | ABI_O_CLOEXEC);
  u32 watched = 0;
  monitor_watch(m, m->signals, WATCH_SIGNAL, EPOLLIN, &watched);
}

// A text that outlives the plan's message. NULL: too long to be a path.
static char *keep(struct monitor *m, const char *text, const char *more) {
  size_t n = strlen(text), rest = strlen(more);
  if (n + rest >= PATH_MAX_ || m->kept + n + rest + 1 > sizeof m->texts) return NULL;
  char *to = m->texts + m->kept;
  memcpy(to, text, n);
  memcpy(to + n, more, rest + 1);
  m->kept += (u32)(n + rest + 1);
  return to;
}

// The folder of an absolute path, and the name in it.
static i32 open_parent(struct monitor *m, const char *path, const char **name) {
  char *folder = keep(m, path, "");
  if (folder == NULL || folder[0] != '/') return -EINVAL;
  char *slash = folder;
  for (char *at = folder; *at; at++)
    if (*at == '/') slash = at;
  *slash = 0;
  *name = slash + 1;
  return (i32)SYS(openat, AT_FDCWD, slash == folder ? "/" : folder, ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
}

// It holds nothing of whoever started it: a pipe of the daemon's would stay open for as long as the container runs.
static void own_streams(void) {
  long null = SYS(openat, AT_FDCWD, "/dev/null", ABI_O_RDWR | ABI_O_CLOEXEC, 0);
  for (i32 fd = 0; fd < 3 && null >= 0; fd++) SYS(dup3, null, fd, 0);
  if (null > 2) SYS(close, null);
}

int monitor_open(struct execution *e, i32 control) {
  struct monitor *m = &the_monitor;
  const struct op_monitor *asked = e->monitor;
  m->execution = e;
  m->memory_cgroup = e->memory_cgroup;
  names_open(m, e->datagrams, e->listener);
  m->epoll = (i32)SYS(epoll_create1, ABI_O_CLOEXEC);
  SYS(prctl, PR_SET_NAME, "inro-monitor", 0, 0, 0);
  SYS(prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  SYS(setsid);
  own_streams();
  SYS(chdir, "/");
  own_signals(m);
  m->folder = (i32)SYS(openat, AT_FDCWD, asked->folder, ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (m->folder < 0) return m->folder;
  m->exit_folder = open_parent(m, asked->exit_file, &m->exit_name);
  if (m->exit_folder < 0) return m->exit_folder;
  int failed = monitor_reserve_exit(m);
  if (failed) return failed;
  m->log_is_spool = asked->log[0] == 0;
  const char *log = m->log_is_spool ? keep(m, asked->folder, "/attached.log") : keep(m, asked->log, "");
  if (log == NULL) return -ENAMETOOLONG;
  m->spool_path = log;
  if (!m->log_is_spool) log_open(&m->log, log, asked->max_size, asked->max_files);
  failed = journal_open(&m->journal, asked->journal);
  if (failed) return failed;
  m->container = session_open(m, "");
  session_take(m, m->container, e);
  m->container->stdin_once = asked->stdin_once;
  if (control >= 0) socket_adopt(m, control);
  return socket_listen(m, asked->socket_folder);
}
