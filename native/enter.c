// `enterUserNamespace`: an executor without privilege becomes root of a user namespace.
//
//   executor ─▶ unshare ──────────────── go ─▶ … wait … ─▶ 0:0 of its own namespace
//      └─ clone3 ─▶ mapper, still of the host's: newgidmap PID …, newuidmap PID … ─▶ ends
//
// The mapper is there before the executor leaves: from inside nothing of the host's has privilege any more.
#include "operate.h"

enum { MOST_WORDS = 4 * 340 + 4 };  // user_namespaces(7): 340 lines of three numbers are the most

static long wait_for(i32 pid, i32 *status) {
  long got = -EINTR;
  while (got == -EINTR) got = SYS(wait4, pid, status, 0, 0);
  return got < 0 ? got : 0;
}

static int run(const struct texts *mapper, const char *pid) {
  static const char *words[MOST_WORDS];
  static const char *const none[] = {NULL};
  if (mapper->count == 0) return 0;
  if (mapper->count + 2 > MOST_WORDS) return 1;
  words[0] = mapper->at[0];
  words[1] = pid;
  for (u32 i = 1; i < mapper->count; i++) words[i + 1] = mapper->at[i];
  words[mapper->count + 1] = NULL;
  struct clone_args args = {.exit_signal = ABI_SIGCHLD};
  long program = SYS(clone3, &args, sizeof args);
  if (program == 0) {
    SYS(execve, words[0], words, none);
    sys_exit(127);
  }
  i32 status = 0;
  if (program < 0 || wait_for((i32)program, &status) < 0) return 1;
  return status == 0 ? 0 : (status & 0x7f) ? 1 : (status >> 8) & 0xff;
}

// Waits for the word that the namespace is there; a pipe that closes without it ends it. user_namespaces(7): groups
// first, as whoever writes them may have to deny setgroups.
_Noreturn static void map_from_outside(const struct op_enter_user_namespace *o, i32 executor, const i32 *pipe) {
  char pid[21];
  u8 word = 0;
  number_text(pid, (u64)executor);
  SYS(close, pipe[1]);
  while (SYS(read, pipe[0], &word, 1) == -EINTR) {}
  int failed = word ? run(&o->gid_mapper, pid) : 1;
  sys_exit(failed ? failed : run(&o->uid_mapper, pid));
}

static long write_own(struct record *r, const struct op_enter_user_namespace *o) {
  long folder = open_host_process(r, (i32)SYS(getpid)), done = folder < 0 ? folder : 0;
  if (done >= 0 && o->gid_mapper.count == 0) {
    done = write_file(r, (i32)folder, "setgroups", "deny", IN_PROC, PROC_SUPER_MAGIC);
    if (done >= 0) done = write_file(r, (i32)folder, "gid_map", o->gid_map, IN_PROC, PROC_SUPER_MAGIC);
  }
  if (done >= 0 && o->uid_mapper.count == 0) done = write_file(r, (i32)folder, "uid_map", o->uid_map, IN_PROC, PROC_SUPER_MAGIC);
  if (folder >= 0) SYS(close, folder);
  return done;
}

static long told(struct record *r, i32 status) {
  if (status == 0) return 0;
  r->step = NO_STEP;
  detail(r, status >> 8 == 127 ? "the program that maps cannot be executed" : "the program that maps refused, with exit code ");
  if (status >> 8 != 127) detail_number(r, (u64)(status >> 8));
  return -EPERM;
}

static long make_namespace(struct record *r, const struct op_enter_user_namespace *o) {
  i32 pipe[2], status = 0;
  long done = CALL(r, pipe2, pipe, ABI_O_CLOEXEC);
  if (done < 0) return done;
  i32 executor = (i32)SYS(getpid);
  struct clone_args args = {.exit_signal = ABI_SIGCHLD};
  long mapper = CALL(r, clone3, &args, sizeof args);
  if (mapper == 0) map_from_outside(o, executor, pipe);
  SYS(close, pipe[0]);
  done = mapper < 0 ? mapper : CALL(r, unshare, CLONE_NEWUSER | CLONE_NEWNS);
  if (done >= 0) done = write_own(r, o);
  if (done >= 0) done = CALL(r, write, pipe[1], "g", 1);
  SYS(close, pipe[1]);
  if (mapper > 0) wait_for((i32)mapper, &status);
  return done < 0 ? done : told(r, status);
}

static long join(struct record *r, i32 users) {
  long done = explain_namespace(r, users, CLONE_NEWUSER, CALL(r, setns, users, CLONE_NEWUSER));
  return done < 0 ? done : CALL(r, unshare, CLONE_NEWNS);
}

long op_enter_user_namespace(struct execution *e, const struct op_enter_user_namespace *o, struct record *r) {
  long done = o->users == NO_SLOT ? make_namespace(r, o) : join(r, slot_of(e, o->users));
  if (done >= 0) done = CALL(r, setresgid, 0, 0, 0);
  return done < 0 ? done : CALL(r, setresuid, 0, 0, 0);
}
