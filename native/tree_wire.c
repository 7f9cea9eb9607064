// Frames of the role `inro-tree`, buffered in both directions.
#include <linux/mman.h>
#include <linux/socket.h>

#include "tree.h"

enum { BUFFER = 2 << 20, FRAME_HEADER = 12, WIRE_MSG_NOSIGNAL = 0x4000 };

static struct {
  int fd;
  u8 *in, *out;
  u32 start, end;    // of what was received and not yet taken
  u32 left;          // of the current frame's payload, not yet taken by parts
  u32 used, opened;  // of what is to be sent, and where the frame being written begins
} wire;

static void *map(u64 size) {
  long at = SYS(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return at < 0 && at > -4096 ? 0 : (void *)at;
}

void tree_wire_open(int fd) {
  wire.fd = fd;
  wire.in = map(BUFFER);
  wire.out = map(BUFFER);
  if (!wire.in || !wire.out) sys_exit(12);
}

// Receives until n bytes lie contiguous; 0 at the end of the stream. Answers to requests that came together leave together:
// when there is something to wait for.
static int fill(u32 n) {
  if (wire.start == wire.end) wire.start = wire.end = 0;
  if (wire.start + n > BUFFER) {
    memmove(wire.in, wire.in + wire.start, wire.end - wire.start);
    wire.end -= wire.start;
    wire.start = 0;
  }
  while (wire.end - wire.start < n) {
    if (wire.used) tree_flush();
    long got = SYS(read, wire.fd, wire.in + wire.end, BUFFER - wire.end);
    if (got == -EINTR) continue;
    if (got <= 0) return 0;
    wire.end += (u32)got;
  }
  return 1;
}

static u32 load32(const u8 *p) { return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24; }

int tree_frame_next(struct tree_frame *f) {
  while (wire.left) {
    u32 n;
    tree_payload_part(wire.left, &n);
  }
  if (!fill(FRAME_HEADER)) return 0;
  const u8 *p = wire.in + wire.start;
  u32 length = load32(p);
  f->type = (u16)(p[4] | p[5] << 8);
  wire.start += FRAME_HEADER;
  u32 most = f->type == TREE_FRAME_DATA ? TREE_BOUND_DATA_FRAME : TREE_BOUND_ENTRY_FRAME;
  if (length < 8 || length - 8 > most) sys_exit(71);
  f->length = wire.left = length - 8;
  return 1;
}

struct tree_cursor tree_payload(const struct tree_frame *f) {
  if (!fill(f->length)) sys_exit(71);
  const u8 *p = wire.in + wire.start;
  wire.start += f->length;
  wire.left = 0;
  return (struct tree_cursor){p, p + f->length, 0};
}

const u8 *tree_payload_part(u32 most, u32 *n) {
  *n = 0;
  if (most > wire.left) most = wire.left;
  if (!most) return wire.in;
  if (wire.start == wire.end && !fill(1)) sys_exit(71);
  u32 there = wire.end - wire.start;
  *n = there < most ? there : most;
  const u8 *p = wire.in + wire.start;
  wire.start += *n;
  wire.left -= *n;
  return p;
}

u32 tree_take32(struct tree_cursor *c) {
  if (c->end - c->at < 4) return c->bad = 1, 0;
  c->at += 4;
  return load32(c->at - 4);
}

u64 tree_take64(struct tree_cursor *c) {
  u64 low = tree_take32(c);
  return low | (u64)tree_take32(c) << 32;
}

const u8 *tree_take_bytes(struct tree_cursor *c, u32 *n) {
  *n = tree_take32(c);
  if (c->bad || (u64)(c->end - c->at) < (u64)*n + 1 || c->at[*n]) return c->bad = 1, *n = 0, (const u8 *)"";
  c->at += *n + 1;
  return c->at - *n - 1;
}

const char *tree_take_string(struct tree_cursor *c) {
  u32 n;
  const char *s = (const char *)tree_take_bytes(c, &n);
  if (strlen(s) != n) c->bad = 1;
  return s;
}

static u8 *reserve(u32 n) {
  if (wire.used + n > BUFFER) tree_flush();
  return wire.out + wire.used;
}

static void store32(u8 *p, u32 v) {
  for (int i = 0; i < 4; i++) p[i] = (u8)(v >> (8 * i));
}

static void header(u8 *p, u32 payload, u16 type) {
  store32(p, payload + 8);
  p[4] = (u8)type;
  p[5] = (u8)(type >> 8);
  memset(p + 6, 0, 6);
}

// A frame that is written by parts stays within one buffer: senders bound what they put.
void tree_put_begin(u16 type) {
  header(reserve(FRAME_HEADER + TREE_BOUND_ENTRY_FRAME), 0, type);
  wire.opened = wire.used;
  wire.used += FRAME_HEADER;
}

void tree_put32(u32 value) {
  store32(wire.out + wire.used, value);
  wire.used += 4;
}

void tree_put64(u64 value) {
  tree_put32((u32)value);
  tree_put32((u32)(value >> 32));
}

void tree_put_string(const char *s, u32 n) {
  tree_put32(n);
  memcpy(wire.out + wire.used, s, n);
  wire.out[wire.used + n] = 0;
  wire.used += n + 1;
}

void tree_put_end(void) { store32(wire.out + wire.opened, wire.used - wire.opened - 4); }

void tree_put_drop(void) { wire.used = wire.opened; }

u8 *tree_put_data(u32 most) { return reserve(FRAME_HEADER + most) + FRAME_HEADER; }

void tree_put_data_end(u32 n) {
  if (!n) return;
  header(wire.out + wire.used, n, TREE_FRAME_DATA);
  wire.used += FRAME_HEADER + n;
}

void tree_flush(void) {
  u32 sent = 0;
  while (sent < wire.used) {
    long n = SYS(sendto, wire.fd, wire.out + sent, wire.used - sent, WIRE_MSG_NOSIGNAL, 0, 0);
    if (n == -EINTR) continue;
    if (n <= 0) sys_exit(32);
    sent += (u32)n;
  }
  wire.used = 0;
}

int tree_arena_open(struct tree_arena *a, u64 size) {
  if (a->base) return a->used = 0, 0;
  a->base = map(size);
  a->size = size;
  return a->base ? 0 : -ENOMEM;
}

void *tree_arena_take(struct tree_arena *a, u64 n) {
  n = (n + 7) & ~7ull;
  if (n > a->size - a->used) return 0;
  a->used += n;
  return a->base + a->used - n;
}
