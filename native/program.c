// From the gate to the program: what may run after `seccomp`, with raw calls of src/kernel/plan/after-seccomp.ts only.
#include <linux/elf-em.h>

#include "operate.h"

long op_find_program(struct execution *e, const struct op_find_program *o, struct record *r) {
  (void)e;
  long best = -ENOENT;
  for (const char **path = o->candidates.at; *path; path++) {
    long fd = CALL(r, openat, AT_FDCWD, *path, ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
    if (fd >= 0) {
      SYS(close, fd);
      best = -EACCES;  // execve(2): a folder is not a program
      continue;
    }
    long found = CALL(r, faccessat, AT_FDCWD, *path, ABI_X_OK);
    if (found == 0) return 0;
    if (found != -ENOENT && found != -ENOTDIR) best = found;
  }
  return best;
}

// A byte in a FIFO starts a child that has no parent of ours any more.
static long read_fifo(struct record *r, i32 fifo) {
  u8 byte;
  long n = -EINTR;
  while (n == -EINTR) n = CALL(r, read, fifo, &byte, 1);
  return n < 0 ? n : 0;
}

long op_gate(struct execution *e, const struct op_gate *o, struct record *r) {
  // The record is complete before the parent looks at it: what follows is not this operation's failure to report.
  r->state = RECORD_DONE;
  long done = (r->step = __NR_write, sync_send(e, SYNC_READY));
  if (done < 0) return done;
  r->step = __NR_read;
  // With a FIFO this is the executor's word that it leaves: one that was killed leaves nobody at the gate.
  done = sync_read(e, SYNC_GO);
  return done < 0 || o->fifo == NO_SLOT ? done : read_fifo(r, slot_of(e, o->fifo));
}

// pid 1 of ours: reaps whatever is left to it, forwards what it is sent, and ends as the program does.
static _Noreturn void reap(i32 child) {
  u64 all = ~0ull;
  SYS(close_range, 3, ~0u, 0);
  SYS(prctl, PR_SET_NAME, "inro-init", 0, 0, 0);
  for (;;) {
    long signal = SYS(rt_sigtimedwait, &all, 0, 0, sizeof all);
    if (signal > 0 && signal != ABI_SIGCHLD) SYS(kill, child, signal);
    i32 status;
    long pid;
    while (signal == ABI_SIGCHLD && (pid = SYS(wait4, -1, &status, ABI_WNOHANG, 0)) > 0)
      if (pid == child) sys_exit((status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f));
  }
}

long op_reaper(struct execution *e, const struct op_reaper *o, struct record *r) {
  (void)e;
  (void)o;
  u64 all = ~0ull, none = 0;
  long done = CALL(r, rt_sigprocmask, ABI_SIG_SETMASK, &all, 0, sizeof all);
  if (done < 0) return done;
  long child = CALL(r, clone, ABI_SIGCHLD, 0, 0, 0, 0);
  if (child < 0) return child;
  if (child > 0) reap((i32)child);
  // A process group of its own, in the foreground where there is a terminal, as a shell would start it: a signal of
  // the terminal reaches it once. SIGTTOU is still blocked here.
  i32 group = (i32)SYS(getpid);
  SYS(setpgid, 0, 0);
  SYS(ioctl, 0, ABI_TIOCSPGRP, &group);
  return CALL(r, rt_sigprocmask, ABI_SIG_SETMASK, &none, 0, sizeof none);
}

static void name_machine(struct record *r, u16 machine) {
  detail(r, "it is built for ");
  switch (machine) {
    case EM_X86_64: return detail(r, "x86_64");
    case EM_AARCH64: return detail(r, "aarch64");
    case EM_386: return detail(r, "i386");
    case EM_ARM: return detail(r, "arm");
    case EM_RISCV: return detail(r, "riscv64");
    case EM_S390: return detail(r, "s390x");
    case EM_PPC64: return detail(r, "ppc64le");
    default: detail(r, "machine ");
      return detail_number(r, machine);
  }
}

// elf(5): the path in the first PT_INTERP program header, where it lies within what was read.
static const char *elf_interpreter(const u8 *file, size_t n) {
  u64 headers;
  u16 size, count;
  if (n < 64 || file[4] != 2 /* ELFCLASS64 */) return NULL;
  memcpy(&headers, file + 32, 8);
  memcpy(&size, file + 54, 2);
  memcpy(&count, file + 56, 2);
  for (u16 i = 0; i < count; i++) {
    u64 at = headers + (u64)i * size, offset, length;
    u32 type;
    if (size < 56 || headers > n || at + 56 > n) return NULL;
    memcpy(&type, file + at, 4);
    memcpy(&offset, file + at + 8, 8);
    memcpy(&length, file + at + 32, 8);
    if (type != 3 /* PT_INTERP */) continue;
    if (offset > n || length == 0 || length > n - offset || file[offset + length - 1]) return NULL;
    return (const char *)file + offset;
  }
  return NULL;
}

static const char *script_interpreter(u8 *file, size_t n, int *windows) {
  size_t at = 2;
  while (at < n && (file[at] == ' ' || file[at] == '\t')) at++;
  size_t start = at;
  while (at < n && file[at] != ' ' && file[at] != '\t' && file[at] != '\n' && file[at] != '\r') at++;
  if (at >= n) return NULL;
  // "#!/bin/sh\r\n": the kernel looks for "/bin/sh\r".
  *windows = file[at] == '\r';
  file[at] = 0;
  return (const char *)file + start;
}

void explain_refusal(struct record *r, const char *path, long error) {
  static u8 file[2048];
  long fd = SYS(openat, AT_FDCWD, path, ABI_O_RDONLY | ABI_O_NONBLOCK | ABI_O_NOCTTY | ABI_O_CLOEXEC, 0);
  if (fd < 0) return;
  long n = SYS(read, fd, file, sizeof file - 1);
  SYS(close, fd);
  if (n < 4) return;
  file[n] = 0;
  int elf = memcmp(file, "\177ELF", 4) == 0;
  u16 machine = 0;
  if (elf && n >= 20) memcpy(&machine, file + 18, 2);
  int windows = 0;
  const char *interpreter = elf ? elf_interpreter(file, (size_t)n) : file[0] == '#' && file[1] == '!' ? script_interpreter(file, (size_t)n, &windows) : NULL;
  if (error == -ENOENT && interpreter) {
    detail(r, "its interpreter is missing: ");
    detail(r, interpreter);
    if (windows) detail(r, " with a carriage return at its end (the file has Windows line ends)");
  } else if (error == -ENOEXEC && elf) name_machine(r, machine);
  else if (error == -ENOEXEC) detail(r, "it is neither a program nor a script with a #! line");
}

// execvp(3): a candidate that is not there or may not be executed gives way to the next; EACCES is remembered.
long op_exec(struct execution *e, const struct op_exec *o, struct record *r) {
  (void)e;
  long best = -ENOENT;
  for (const char **path = o->candidates.at; *path; path++) {
    long error = CALL(r, execve, *path, o->argv.at, o->env.at);
    if (error == -ENOENT && SYS(faccessat, AT_FDCWD, *path, ABI_F_OK) == 0) {
      explain_refusal(r, *path, error);
      return error;
    }
    if (error == -ENOENT || error == -ENOTDIR) continue;
    if (error != -EACCES) {
      explain_refusal(r, *path, error);
      return error;
    }
    best = error;
  }
  r->step = __NR_execve;
  return best;
}
