// SHA-256 (FIPS 180-4), by the processor's own instructions where it has them.
#include "sha256.h"

// Section 4.2.2.
static const u32 K[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// Section 5.3.3.
static const u32 FIRST[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static u32 load(const u8 *p) { return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3]; }
static void store(u8 *p, u32 v) { p[0] = (u8)(v >> 24), p[1] = (u8)(v >> 16), p[2] = (u8)(v >> 8), p[3] = (u8)v; }
static u32 right(u32 v, int n) { return v >> n | v << (32 - n); }

// Section 6.2.2: one round, after which every variable is called by the name of the one before it.
#define ROUND(a, b, c, d, e, f, g, h, t)                                                            \
  h += (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + (g ^ (e & (f ^ g))) + K[t] + w[(t) & 15];      \
  d += h;                                                                                           \
  h += (right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) | (c & (a | b)))
#define EIGHT(t)                          \
  ROUND(a, b, c, d, e, f, g, h, t);       \
  ROUND(h, a, b, c, d, e, f, g, (t) + 1); \
  ROUND(g, h, a, b, c, d, e, f, (t) + 2); \
  ROUND(f, g, h, a, b, c, d, e, (t) + 3); \
  ROUND(e, f, g, h, a, b, c, d, (t) + 4); \
  ROUND(d, e, f, g, h, a, b, c, (t) + 5); \
  ROUND(c, d, e, f, g, h, a, b, (t) + 6); \
  ROUND(b, c, d, e, f, g, h, a, (t) + 7)

static void plain(u32 *state, const u8 *p, u64 blocks) {
  for (; blocks; blocks--, p += SHA256_BLOCK) {
    u32 w[16], a = state[0], b = state[1], c = state[2], d = state[3];
    u32 e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 16; t++) w[t] = load(p + 4 * t);
    for (int t = 0; t < 64; t += 16) {
      for (int i = 0; t && i < 16; i++) {
        u32 x = w[(i + 1) & 15], y = w[(i + 14) & 15];
        w[i] += (right(x, 7) ^ right(x, 18) ^ x >> 3) + w[(i + 9) & 15] + (right(y, 17) ^ right(y, 19) ^ y >> 10);
      }
      EIGHT(t);
      EIGHT(t + 8);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

typedef u32 quad __attribute__((vector_size(16)));
typedef u8 bytes __attribute__((vector_size(16)));

#define BIG_ENDIAN(b) ((quad)__builtin_shufflevector(b, b, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12))

#if defined(__x86_64__)
// Intel's manual, "SHA256RNDS2": the state is two vectors, of a, b, e, f and of c, d, g, h.
typedef int lanes __attribute__((vector_size(16)));
#define ROUNDS(x, y, k) ((quad)__builtin_ia32_sha256rnds2((lanes)(x), (lanes)(y), (lanes)(k)))
#define FOUR(w, i)                                       \
  k = w + *(const quad *)(K + 4 * (i));                  \
  y = ROUNDS(y, x, k);                                   \
  x = ROUNDS(x, y, __builtin_shufflevector(k, k, 2, 3, 2, 3))
// `a` becomes what comes four quads after it; `b`, `c` and `d` are those between.
#define NEXT(a, b, c, d)                                                    \
  a = (quad)__builtin_ia32_sha256msg1((lanes)(a), (lanes)(b)) + __builtin_shufflevector(c, d, 1, 2, 3, 4); \
  a = (quad)__builtin_ia32_sha256msg2((lanes)(a), (lanes)(d))
#define SIXTEEN(i) FOUR(a, i); NEXT(a, b, c, d); FOUR(b, i + 1); NEXT(b, c, d, a); FOUR(c, i + 2); NEXT(c, d, a, b); FOUR(d, i + 3); NEXT(d, a, b, c)

__attribute__((target("sha,sse4.1"))) static void fast(u32 *h, const u8 *p, u64 blocks) {
  quad x = {h[5], h[4], h[1], h[0]}, y = {h[7], h[6], h[3], h[2]}, k;
  for (; blocks; blocks--, p += SHA256_BLOCK) {
    quad was_x = x, was_y = y, in[4];
    memcpy(in, p, sizeof in);
    quad a = BIG_ENDIAN((bytes)in[0]), b = BIG_ENDIAN((bytes)in[1]), c = BIG_ENDIAN((bytes)in[2]), d = BIG_ENDIAN((bytes)in[3]);
    SIXTEEN(0);
    SIXTEEN(4);
    SIXTEEN(8);
    FOUR(a, 12);
    FOUR(b, 13);
    FOUR(c, 14);
    FOUR(d, 15);
    x += was_x, y += was_y;
  }
  h[0] = x[3], h[1] = x[2], h[2] = y[3], h[3] = y[2], h[4] = x[1], h[5] = x[0], h[6] = y[1], h[7] = y[0];
}

// CPUID, leaf 7: EBX bit 29; every processor with it has SSE4.1.
static int is_fast(void) {
  u32 a = 0, b, c = 0, d;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  if (a < 7) return 0;
  a = 7, c = 0;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return b >> 29 & 1;
}
#elif defined(__aarch64__)
// Arm's manual, "SHA256H": the state is two vectors, of a to d and of e to h.
#define FOUR(w, i)                                                                                   \
  k = w + *(const quad *)(K + 4 * (i));                                                              \
  z = x;                                                                                             \
  __asm__("sha256h %q0, %q1, %2.4s" : "+w"(x) : "w"(y), "w"(k));                                  \
  __asm__("sha256h2 %q0, %q1, %2.4s" : "+w"(y) : "w"(z), "w"(k))
#define NEXT(a, b, c, d)                                         \
  __asm__("sha256su0 %0.4s, %1.4s" : "+w"(a) : "w"(b));        \
  __asm__("sha256su1 %0.4s, %1.4s, %2.4s" : "+w"(a) : "w"(c), "w"(d))
#define SIXTEEN(i) FOUR(a, i); NEXT(a, b, c, d); FOUR(b, i + 1); NEXT(b, c, d, a); FOUR(c, i + 2); NEXT(c, d, a, b); FOUR(d, i + 3); NEXT(d, a, b, c)

__attribute__((target("+crypto"))) static void fast(u32 *h, const u8 *p, u64 blocks) {
  quad x, y, z, k;
  memcpy(&x, h, sizeof x), memcpy(&y, h + 4, sizeof y);
  for (; blocks; blocks--, p += SHA256_BLOCK) {
    quad was_x = x, was_y = y, in[4];
    memcpy(in, p, sizeof in);
    quad a = BIG_ENDIAN((bytes)in[0]), b = BIG_ENDIAN((bytes)in[1]), c = BIG_ENDIAN((bytes)in[2]), d = BIG_ENDIAN((bytes)in[3]);
    SIXTEEN(0);
    SIXTEEN(4);
    SIXTEEN(8);
    FOUR(a, 12);
    FOUR(b, 13);
    FOUR(c, 14);
    FOUR(d, 15);
    x += was_x, y += was_y;
  }
  memcpy(h, &x, sizeof x), memcpy(h + 4, &y, sizeof y);
}

// ID_AA64ISAR0_EL1, bits 12 to 15; the kernel answers it (Documentation/arch/arm64/cpu-feature-registers.rst).
static int is_fast(void) {
  u64 has;
  __asm__("mrs %0, id_aa64isar0_el1" : "=r"(has));
  return (has >> 12 & 15) != 0;
}
#endif

static void take(struct sha256 *s, const u8 *p, u64 blocks) {
  if (s->is_fast) fast(s->state, p, blocks);
  else plain(s->state, p, blocks);
}

void sha256_begin(struct sha256 *s, int may_be_fast) {
  memcpy(s->state, FIRST, sizeof FIRST);
  s->length = 0;
  s->is_fast = may_be_fast && is_fast();
}

void sha256_add(struct sha256 *s, const u8 *p, u64 n) {
  u64 used = s->length % SHA256_BLOCK;
  s->length += n;
  if (used) {
    u64 most = SHA256_BLOCK - used, some = n < most ? n : most;
    memcpy(s->block + used, p, some);
    p += some, n -= some;
    if (some < most) return;
    take(s, s->block, 1);
  }
  take(s, p, n / SHA256_BLOCK);
  memcpy(s->block, p + n / SHA256_BLOCK * SHA256_BLOCK, n % SHA256_BLOCK);
}

// Section 5.1.1.
void sha256_end(struct sha256 *s, u8 *digest) {
  u8 end[2 * SHA256_BLOCK] = {0x80};
  u64 used = s->length % SHA256_BLOCK, bits = s->length * 8;
  u64 length = (used < SHA256_BLOCK - 8 ? SHA256_BLOCK : 2 * SHA256_BLOCK) - used;
  store(end + length - 8, (u32)(bits >> 32));
  store(end + length - 4, (u32)bits);
  sha256_add(s, end, length);
  for (int i = 0; i < 8; i++) store(digest + 4 * i, s->state[i]);
}
