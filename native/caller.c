// The caller's streams, in the hands of its own process: one that does not read keeps nobody else waiting. See caller.h.
#include "caller.h"

#include "abi.h"

// More than anybody writes as resources or as a process.
enum { INPUT_LIMIT = 4 << 20 };

static int output_lost;

static long wait_for(i32 fd, short events) {
  struct abi_pollfd poll = {fd, events, 0};
  return SYS(ppoll, &poll, 1, 0, 0, 8);
}

static long write_all(i32 fd, struct span data) {
  for (u32 at = 0; at < data.length;) {
    long wrote = SYS(write, fd, data.at + at, data.length - at);
    if (wrote == -EAGAIN) wait_for(fd, ABI_POLLOUT);
    else if (wrote < 0 && wrote != -EINTR) return wrote;
    if (wrote > 0) at += (u32)wrote;
  }
  return 0;
}

void caller_complain(const char *text) { SYS(write, 2, text, strlen(text)); }

int caller_deserted(void) {
  caller_complain("inro-runtime: the process that served this command has ended\n");
  return 1;
}

static int answer(i32 wire, u16 type, u32 request, u8 *memory, struct writer *w) {
  return frame_write(wire, type, request, (struct span){memory, (u32)w->needed});
}

static int refuse(i32 wire, u32 request, long error) {
  u8 room[64];
  struct writer w = {room, room + sizeof room, 0};
  put_frame_error(&w, &(struct frame_error){(i32)-error, "cannot read what the caller gives"});
  return answer(wire, FRAME_ERROR, request, room, &w);
}

// Until its end, or until it is too much.
static long read_all(i32 fd, u8 *to, u32 limit) {
  u32 n = 0;
  while (n < limit) {
    long got = SYS(read, fd, to + n, limit - n);
    if (got == -EAGAIN) wait_for(fd, ABI_POLLIN);
    else if (got < 0 && got != -EINTR) return got;
    if (got == 0) return n;
    if (got > 0) n += (u32)got;
  }
  return -EFBIG;
}

static int read_for(i32 wire, u32 request, u32 fd) {
  u8 *memory = map_memory(INPUT_LIMIT + 4);
  if (!memory) return refuse(wire, request, -ENOMEM);
  long n = read_all((i32)fd, memory + 4, INPUT_LIMIT);
  int failed;
  if (n < 0) failed = refuse(wire, request, n);
  else {
    struct writer length = {memory, memory + 4, 0};
    put_u32(&length, (u32)n);
    failed = frame_write(wire, FRAME_CONTENT, request, (struct span){memory, (u32)n + 4});
  }
  unmap_memory(memory, INPUT_LIMIT + 4);
  return failed;
}

int caller_serve(i32 wire, const struct frame *frame) {
  struct reader r = {frame->payload.at, frame->payload.at + frame->payload.length, NULL, 0};
  if (frame->type == FRAME_OUTPUT) {
    struct frame_output f;
    if (get_frame_output(&r, &f) < 0 || (f.stream != 1 && f.stream != 2)) return -EPROTO;
    if (write_all((i32)f.stream, f.data) < 0) output_lost = 1;
    return 1;
  }
  if (frame->type != FRAME_TAKE) return 0;
  struct frame_take f;
  if (get_frame_take(&r, &f) < 0) return -EPROTO;
  int failed = read_for(wire, frame->request, f.descriptor);
  return failed < 0 ? failed : 1;
}

int caller_leave(const struct frame *frame, i32 bun) {
  struct reader r = {frame->payload.at, frame->payload.at + frame->payload.length, NULL, 0};
  struct frame_exit f;
  if (get_frame_exit(&r, &f) < 0) return caller_deserted();
  if (bun > 0) SYS(wait4, bun, NULL, 0, 0);
  return f.code == 0 && output_lost ? 1 : (int)f.code;
}
