// The role `inro-runtime`. See front.h.
#include "front.h"

#include "abi.h"
#include "caller.h"

enum {
  STREAMS = 3,
  WIRE_OF_EXECUTOR = 3,
  // Above whatever a caller may pass on by --preserve-fds, so that what it did not open stays unopened.
  OUT_OF_THE_WAY = STREAMS + 1000,
  PATIENCE_S = 5,
};

static i32 out_of_the_way(i32 fd) {
  static const i32 above[] = {OUT_OF_THE_WAY, 250, 60};
  for (u32 i = 0; i < sizeof above / sizeof *above; i++) {
    long copy = SYS(fcntl, fd, F_DUPFD_CLOEXEC, above[i]);
    if (copy < 0) continue;
    SYS(close, fd);
    return (i32)copy;
  }
  return fd;
}

static struct texts texts_of(char **list) {
  struct texts texts = {(const char **)list, 0};
  while (list[texts.count]) texts.count++;
  return texts;
}

static int send_command(const struct front *f, char **argv, char **envp) {
  static char cwd[PATH_LIMIT];
  // "(unreachable)/…", and nothing for a folder that was removed: then only absolute paths have a meaning.
  if (SYS(getcwd, cwd, sizeof cwd) < 0 || cwd[0] != '/') cwd[0] = 0;
  struct frame_command command = {
    .standing = f->standing, .pid = (u32)SYS(getpid), .cwd = cwd, .args = texts_of(argv), .env = texts_of(envp),
  };
  struct writer count = {NULL, NULL, 0};
  put_frame_command(&count, &command);
  u8 *memory = map_memory(count.needed);
  if (!memory) return -ENOMEM;
  struct writer w = {memory, memory + count.needed, 0};
  put_frame_command(&w, &command);
  int failed = frame_write(f->wire, FRAME_COMMAND, 0, (struct span){memory, (u32)w.needed});
  unmap_memory(memory, count.needed);
  return failed;
}

// Whether the other side has begun. One that does not answer is told, by a shutdown that lets its answer fail, that
// it may not begin any more: then another may.
static int has_begun(const struct front *f, u32 patience) {
  struct frame frame;
  struct abi_pollfd poll = {f->wire, ABI_POLLIN, 0};
  struct __kernel_timespec left = {patience, 0};
  if (SYS(ppoll, &poll, 1, patience ? &left : NULL, 0, 8) == 0) SYS(shutdown, f->wire, ABI_SHUT_RD);
  if (frame_read(f->wire, &frame) <= 0) return 0;
  frame_free(&frame);
  return frame.type == FRAME_BEGUN;
}

static int ask(struct front *f, i32 wire, u32 patience, char **argv, char **envp) {
  if (wire < 0) return 0;
  f->wire = out_of_the_way(wire);
  if (send_command(f, argv, envp) == 0 && has_begun(f, patience)) return 1;
  SYS(close, f->wire);
  return 0;
}

// R15: what the container could see of this process is a program that nobody can write to. R13: the executor begins by
// closing everything but the streams, the wire, and the caller's descriptors behind it.
static int become_executor(const struct front *f, const struct frame *frame) {
  struct reader r = {frame->payload.at, frame->payload.at + frame->payload.length, NULL, 0};
  struct frame_become order;
  char digits[21], bun[21];
  if (get_frame_become(&r, &order) < 0 || order.passed > OUT_OF_THE_WAY - STREAMS) return caller_deserted();
  for (i32 fd = STREAMS + (i32)order.passed - 1; fd >= STREAMS; fd--) SYS(dup3, fd, fd + 1, 0);
  SYS(dup3, f->wire, WIRE_OF_EXECUTOR, 0);
  SYS(chdir, "/");
  number_text(digits, order.passed);
  number_text(bun, (u64)f->bun);
  const char *argv[] = {"inro-executor", digits, bun, NULL}, *envp[] = {NULL};
  SYS(execve, order.program, argv, envp);
  caller_complain("inro-runtime: cannot become the container's executor\n");
  return 1;
}

static int obey(const struct front *f) {
  struct frame frame;
  while (frame_read(f->wire, &frame) > 0) {
    if (frame.type == FRAME_EXIT) return caller_leave(&frame, f->bun);
    if (frame.type == FRAME_BECOME) return become_executor(f, &frame);
    int done = caller_serve(f->wire, &frame);
    frame_free(&frame);
    if (done <= 0) break;
  }
  return caller_deserted();
}

int inro_front_main(int argc, char **argv, char **envp) {
  static struct front front;
  u64 pipe = 1ull << (13 /* SIGPIPE */ - 1);
  (void)argc;
  for (i32 fd = 0; fd < STREAMS; fd++)
    if (SYS(fcntl, fd, F_GETFD, 0) == -EBADF) SYS(openat, AT_FDCWD, "/dev/null", ABI_O_RDWR, 0);
  // Blocked, not ignored: what is ignored would be inherited through exec.
  SYS(rt_sigprocmask, ABI_SIG_BLOCK, &pipe, 0, sizeof pipe);
  if (front_look(&front, envp) < 0) {
    caller_complain("inro-runtime: cannot find out what started it: is /proc mounted?\n");
    return 1;
  }
  if (front.folder[0] && ask(&front, front_connect(&front), PATIENCE_S, argv, envp)) return obey(&front);
  if (ask(&front, front_start(&front), 0, argv, envp)) return obey(&front);
  caller_complain("inro-runtime: cannot run ");
  caller_complain(front.program);
  caller_complain(", which belongs beside it\n");
  return 1;
}
