// Reading and writing the wire (src/kernel/plan/field.ts): bounded, little endian, nothing is trusted.
// A reader that meets a wrong length or a NUL inside a text is `bad` from then on and gives zeros.
#ifndef INRO_WIRE_H
#define INRO_WIRE_H

#include "sys.h"

enum { SLOT_LIMIT = 4096, NO_SLOT = 0xffff, NO_NUMBER = 0xffffffff };

struct span {
  const u8 *at;
  u32 length;
};

// `at` holds `count` texts and a NULL: what execve(2) takes.
struct texts {
  const char **at;
  u32 count;
};

struct u32s {
  const u32 *at;
  u32 count;
};

// Memory for what does not lie in the message as C wants it. It is given back as a whole.
struct arena {
  u8 *at, *end;
};

struct reader {
  const u8 *at, *end;
  struct arena *arena;
  int bad;
};

u8 get_u8(struct reader *r);
u16 get_u16(struct reader *r);
u32 get_u32(struct reader *r);
i32 get_i32(struct reader *r);
u64 get_u64(struct reader *r);
u8 get_flag(struct reader *r);
// `allowed`: bit n for value n.
u8 get_choice(struct reader *r, u32 allowed);
u16 get_slot(struct reader *r, int optional);
const char *get_text(struct reader *r);
struct span get_bytes(struct reader *r);
struct texts get_texts(struct reader *r);
struct u32s get_u32s(struct reader *r);
struct span get_rest(struct reader *r);
// Nothing may be left over. 0 or -EPROTO.
int reader_finish(struct reader *r);

// A writer that runs full keeps counting, so that `needed` tells how large the buffer should have been.
struct writer {
  u8 *at, *end;
  size_t needed;
};

void put_u8(struct writer *w, u8 value);
void put_u16(struct writer *w, u16 value);
void put_u32(struct writer *w, u32 value);
void put_i32(struct writer *w, i32 value);
void put_u64(struct writer *w, u64 value);
void put_text(struct writer *w, const char *text);
void put_bytes(struct writer *w, struct span bytes);
void put_texts(struct writer *w, struct texts texts);
void put_u32s(struct writer *w, struct u32s numbers);
void put_rest(struct writer *w, struct span bytes);

#endif
