// The record of how a session ended. See monitor.h.
#include "monitor.h"
#include "operate.h"
#include "monitor_abi.h"

#define FRESH_EXIT ".exit.new"
enum { EXIT_SIZE = 512 };

static size_t put(char *to, const char *text) {
  size_t n = strlen(text);
  memcpy(to, text, n);
  return n;
}

static size_t put_field(char *to, const char *name, u64 value, const char *quote) {
  size_t n = put(to, name);
  n += put(to + n, quote);
  n += decimal(to + n, value);
  return n + put(to + n, quote);
}

// Whole or not at all: write, fsync, rename. Answers which.
static int write_exit(struct monitor *m, struct session *s, i32 folder, const char *name, const char *fresh) {
  char text[EXIT_SIZE];
  u32 signal = (u32)s->wait_status & 0x7f, code = (u32)s->wait_status >> 8 & 0xff;
  size_t n = put_field(text, "{\"version\":1,\"pid\":", (u64)s->pid, "");
  n += put_field(text + n, ",\"code\":", signal ? 0 : code, "");
  n += put_field(text + n, ",\"signal\":", signal, "");
  n += put(text + n, s->oom_killed ? ",\"oomKilled\":true" : ",\"oomKilled\":false");
  n += put_field(text + n, ",\"startedAt\":", s->started, "\"");
  n += put_field(text + n, ",\"finishedAt\":", s->ended, "\"");
  n += put_field(text + n, ",\"lostBytes\":", s == m->container ? m->log.lost : 0, "");
  n += put(text + n, "}\n");
  long fd = SYS(openat, folder, fresh, ABI_O_WRONLY | ABI_O_CREAT | ABI_O_CLOEXEC, 0600);
  if (fd < 0) return 0;
  int whole = SYS(write, fd, text, n) == (long)n && SYS(ftruncate, fd, n) == 0 && SYS(fsync, fd) == 0;
  SYS(close, fd);
  return whole && SYS(renameat2, folder, fresh, folder, name, 0) == 0;
}

// The container's exit file has its room on the disk from the beginning: a full disk does not take the exit code.
int monitor_reserve_exit(struct monitor *m) {
  SYS(unlinkat, m->exit_folder, m->exit_name, 0);  // of an earlier run
  long fd = SYS(openat, m->exit_folder, FRESH_EXIT, ABI_O_WRONLY | ABI_O_CREAT | ABI_O_TRUNC | ABI_O_CLOEXEC, 0600);
  if (fd < 0) return (int)fd;
  SYS(fallocate, fd, 0, 0, EXIT_SIZE);
  SYS(close, fd);
  return 0;
}

static void finish_container(struct monitor *m, struct session *s) {
  write_exit(m, s, m->exit_folder, m->exit_name, FRESH_EXIT);
  kills_close(m);
  execution_undo(m->execution, UNDO_FIRST);
  m->over = 1;
  socket_answer_waits(m, s);
  socket_close(m);
  names_close(m);
  attach_session_over(m, s);
  execution_undo(m->execution, UNDO_INTERFACES);
}

static void finish_exec(struct monitor *m, struct session *s) {
  char name[SESSION_ID_MAX + 16] = "exec/", fresh[SESSION_ID_MAX + 16] = "exec/.";
  size_t n = strlen(s->id);
  memcpy(name + 5, s->id, n);
  memcpy(name + 5 + n, ".json", 6);
  memcpy(fresh + 6, s->id, n);
  memcpy(fresh + 6 + n, ".new", 5);
  SYS(mkdirat, m->folder, "exec", 0700);
  int written = write_exit(m, s, m->folder, name, fresh);
  int told = socket_answer_waits(m, s);
  attach_session_over(m, s);
  // On a full disk it is kept here for who asks first, as long as its place is not needed.
  if (written || told) s->state = SESSION_FREE;
}

void monitor_record(struct monitor *m, struct session *s) {
  if (s == m->container) journal_end(&m->journal), finish_container(m, s);
  else finish_exec(m, s);
}

static void tell_hook(struct monitor *m, const struct op_hook *hook, struct record *r) {
  struct record said = {0};
  detail(&said, "inro: the poststop hook ");
  detail(&said, hook->path);
  detail(&said, ": ");
  if (*r->detail) detail(&said, r->detail);
  else detail(&said, "errno "), detail_number(&said, (u64)r->error);
  size_t n = strlen(said.detail);
  said.detail[n++] = '\n';
  if (m->log.path) log_write(&m->log, STREAM_STDERR, (const u8 *)said.detail, n, moment_now(), scratch_out);
}

void monitor_call_hooks(struct monitor *m) {
  struct execution *e = m->execution;
  execution_undo(e, UNDO_HOOKS);
  for (u32 i = e->plan.first[ACT_UNDO]; i < e->plan.first[ACT_COUNT]; i++)
    if (e->plan.ops[i].code == OP_HOOK && e->records[i].state == RECORD_FAILED) tell_hook(m, &e->plan.ops[i].hook, &e->records[i]);
}
