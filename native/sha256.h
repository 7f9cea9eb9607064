// SHA-256 of what comes in pieces.
#ifndef INRO_SHA256_H
#define INRO_SHA256_H

#include "sys.h"

enum { SHA256_BLOCK = 64, SHA256_DIGEST = 32 };

struct sha256 {
  u32 state[8];
  u64 length;
  u8 block[SHA256_BLOCK];  // the beginning of one that is not whole yet
  int is_fast;
};

// may_be_fast = 0: without the processor's own instructions.
void sha256_begin(struct sha256 *s, int may_be_fast);
void sha256_add(struct sha256 *s, const u8 *p, u64 n);
// That was all; `digest` takes SHA256_DIGEST bytes.
void sha256_end(struct sha256 *s, u8 *digest);

#endif
