// Whole frames over a blocking stream descriptor; the length is checked before anything is mapped for it.
#include "abi.h"
#include "execute.h"

void *map_memory(size_t size) {
  long at = SYS(mmap, 0, size, ABI_PROT_RW, ABI_MAP_PRIVATE_ANONYMOUS, -1, 0);
  return at < 0 && at > -4096 ? NULL : (void *)at;
}

void unmap_memory(void *at, size_t size) {
  if (at) SYS(munmap, at, size);
}

static long read_all(i32 fd, u8 *to, size_t n) {
  size_t got = 0;
  while (got < n) {
    long part = SYS(read, fd, to + got, n - got);
    if (part == -EINTR) continue;
    if (part < 0) return part;
    if (part == 0) return got == 0 ? 0 : -EPIPE;
    got += (size_t)part;
  }
  return 1;
}

int frame_read(i32 fd, struct frame *frame) {
  u8 head[WIRE_HEADER];
  long got = read_all(fd, head, sizeof head);
  if (got <= 0) return (int)got;
  struct reader r = {head, head + sizeof head, NULL, 0};
  u32 length = get_u32(&r);
  frame->type = get_u16(&r);
  u16 zero = get_u16(&r);
  frame->request = get_u32(&r);
  frame->payload = (struct span){NULL, 0};
  if (length < WIRE_HEADER - 4 || zero != 0) return -EPROTO;
  if (length > WIRE_LIMIT) return -EMSGSIZE;
  u32 size = length - (WIRE_HEADER - 4);
  if (size == 0) return 1;
  u8 *payload = map_memory(size);
  if (!payload) return -ENOMEM;
  got = read_all(fd, payload, size);
  if (got <= 0) {
    unmap_memory(payload, size);
    return got == 0 ? -EPIPE : (int)got;
  }
  frame->payload = (struct span){payload, size};
  return 1;
}

void frame_free(struct frame *frame) {
  unmap_memory((void *)frame->payload.at, frame->payload.length);
  frame->payload = (struct span){NULL, 0};
}

void frame_header(u8 *to, u16 type, u32 request, u32 payload) {
  struct writer w = {to, to + WIRE_HEADER, 0};
  put_u32(&w, payload + WIRE_HEADER - 4);
  put_u16(&w, type);
  put_u16(&w, 0);
  put_u32(&w, request);
}

static int write_all(i32 fd, const u8 *from, size_t n) {
  while (n > 0) {
    // A peer that is gone is an error to tell, not a signal to die of.
    long wrote = SYS(sendto, fd, from, n, ABI_MSG_NOSIGNAL, 0, 0);
    if (wrote == -EINTR) continue;
    if (wrote < 0) return (int)wrote;
    from += wrote;
    n -= (size_t)wrote;
  }
  return 0;
}

int frame_write(i32 fd, u16 type, u32 request, struct span payload) {
  u8 head[WIRE_HEADER + 4096];
  if (payload.length > WIRE_LIMIT - WIRE_HEADER) return -EMSGSIZE;
  frame_header(head, type, request, payload.length);
  size_t inlined = payload.length <= 4096 ? payload.length : 0;
  if (inlined) memcpy(head + WIRE_HEADER, payload.at, inlined);
  int failed = write_all(fd, head, WIRE_HEADER + inlined);
  if (failed || inlined == payload.length) return failed;
  return write_all(fd, payload.at, payload.length);
}
