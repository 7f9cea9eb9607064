// The decoders of plans, batches and frames, under the sanitizers.
//
//   fuzz roundtrip < plan                decodes a plan's acts and writes them again
//   fuzz decode SECONDS SEED < corpus    mutates the corpus's messages (u32 length, bytes) and decodes them
//
// Every message lies in an allocation of its own size, so that a read past its end is a report and not luck.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../generated/encode.h"
#include "../execute.h"

// What frame.c maps for a decoded plan.
void *map_memory(size_t size) { return calloc(1, size); }
void unmap_memory(void *at, size_t size) {
  (void)size;
  free(at);
}

static u8 *read_input(size_t *n) {
  size_t room = 1 << 16, got = 0;
  u8 *bytes = malloc(room);
  while ((got += fread(bytes + got, 1, room - got, stdin)) == room) bytes = realloc(bytes, room *= 2);
  *n = got;
  return bytes;
}

static void put_acts(struct writer *w, const struct plan *plan) {
  for (u32 act = 0; act < ACT_COUNT; act++) {
    put_u32(w, plan->first[act + 1] - plan->first[act]);
    for (u32 i = plan->first[act]; i < plan->first[act + 1]; i++) {
      struct writer count = {NULL, NULL, 0};
      op_encode(&count, &plan->ops[i]);
      put_u16(w, plan->ops[i].code);
      put_u32(w, (u32)count.needed);
      op_encode(w, &plan->ops[i]);
    }
  }
}

static int roundtrip(void) {
  size_t n;
  u8 *bytes = read_input(&n);
  struct plan plan;
  if (plan_decode(&plan, (struct span){bytes, (u32)n}) < 0) {
    free(bytes);
    return 2;
  }
  u8 *out = malloc(n + 1);
  struct writer w = {out, out + n, 0};
  put_acts(&w, &plan);
  fwrite(out, 1, (size_t)(w.at - out), stdout);
  free(out);
  plan_free(&plan);
  free(bytes);
  return w.needed == n ? 0 : 3;
}

#define FRAME(name) \
  { \
    struct frame_##name f; \
    struct reader r = {bytes, bytes + n, NULL, 0}; \
    get_frame_##name(&r, &f); \
  }

static int decode(const u8 *from, size_t n) {
  u8 *bytes = malloc(n ? n : 1);
  memcpy(bytes, from, n);
  struct plan plan;
  int accepted = 0;
  if (plan_decode(&plan, (struct span){bytes, (u32)n}) == 0) {
    // What was accepted can be read: every pointer leads somewhere.
    struct writer count = {NULL, NULL, 0};
    put_acts(&count, &plan);
    plan_free(&plan);
    accepted = 1;
  }
  if (batch_decode(&plan, (struct span){bytes, (u32)n}) == 0) plan_free(&plan);
  FRAME(batch) FRAME(plan_result) FRAME(started) FRAME(exited) FRAME(error) FRAME(hello) FRAME(state) FRAME(exec)
  FRAME(attach) FRAME(signal) FRAME(resize) FRAME(wait) FRAME(close_stdin)
  free(bytes);
  return accepted;
}

static u64 state;
static u32 random_below(u32 limit) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return limit ? (u32)(state >> 16) % limit : 0;
}

static size_t mutate(u8 *bytes, size_t n, size_t room) {
  static const u32 telling[] = {0, 1, 0x7f, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffb};
  for (u32 times = 1 + random_below(4); times > 0 && n > 0; times--) {
    u32 at = random_below((u32)n);
    switch (random_below(6)) {
      case 0: bytes[at] ^= (u8)(1u << random_below(8)); break;
      case 1: bytes[at] = (u8)random_below(256); break;
      case 2: n = at; break;
      case 3:
        if (n - at >= 4) memcpy(bytes + at, &telling[random_below(11)], 4);
        break;
      case 4:
        if (n + 16 <= room) {
          memmove(bytes + at + 16, bytes + at, n - at);
          n += 16;
        }
        break;
      default: {
        u32 part = random_below((u32)(n - at));
        memmove(bytes + at, bytes + at + part, n - at - part);
        n -= part;
      }
    }
  }
  return n;
}

static int fuzz(const char *seconds, const char *seed) {
  size_t n, runs = 0, accepted = 0;
  u8 *corpus = read_input(&n), *message = malloc(n + 1024);
  time_t until = time(NULL) + atoi(seconds);
  state = strtoull(seed, NULL, 10) * 2654435761u + 88172645463325252ull;
  while (time(NULL) < until)
    for (size_t at = 0; at + 4 <= n;) {
      u32 length;
      memcpy(&length, corpus + at, 4);
      memcpy(message, corpus + at + 4, length);
      accepted += (size_t)decode(message, mutate(message, length, n + 1024));
      at += 4 + (size_t)length;
      runs++;
    }
  printf("%zu messages, %zu accepted\n", runs, accepted);
  free(corpus);
  free(message);
  return runs > 0 ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc == 2 && str_equal(argv[1], "roundtrip")) return roundtrip();
  if (argc == 4 && str_equal(argv[1], "decode")) return fuzz(argv[2], argv[3]);
  fprintf(stderr, "usage: fuzz roundtrip | fuzz decode SECONDS SEED\n");
  return 64;
}
