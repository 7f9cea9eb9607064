// Reading and writing the wire. See wire.h.
#include "wire.h"

static const u8 *take(struct reader *r, size_t n) {
  if (r->bad || (size_t)(r->end - r->at) < n) {
    r->bad = 1;
    return NULL;
  }
  const u8 *at = r->at;
  r->at += n;
  return at;
}

static void get(struct reader *r, void *to, size_t n) {
  const u8 *at = take(r, n);
  if (at) memcpy(to, at, n);
  else memset(to, 0, n);
}

u8 get_u8(struct reader *r) {
  u8 value;
  get(r, &value, sizeof value);
  return value;
}

u16 get_u16(struct reader *r) {
  u16 value;
  get(r, &value, sizeof value);
  return value;
}

u32 get_u32(struct reader *r) {
  u32 value;
  get(r, &value, sizeof value);
  return value;
}

i32 get_i32(struct reader *r) { return (i32)get_u32(r); }

u64 get_u64(struct reader *r) {
  u64 value;
  get(r, &value, sizeof value);
  return value;
}

u8 get_flag(struct reader *r) {
  u8 value = get_u8(r);
  if (value > 1) r->bad = 1;
  return value;
}

u8 get_choice(struct reader *r, u32 allowed) {
  u8 value = get_u8(r);
  if (value > 31 || !(allowed & (1u << value))) r->bad = 1;
  return value;
}

u16 get_slot(struct reader *r, int optional) {
  u16 value = get_u16(r);
  if (value >= SLOT_LIMIT && !(optional && value == NO_SLOT)) r->bad = 1;
  return value;
}

const char *get_text(struct reader *r) {
  u32 n = get_u32(r);
  const u8 *at = take(r, (size_t)n + 1);
  if (!at) return "";
  for (u32 i = 0; i < n; i++)
    if (!at[i]) r->bad = 1;
  if (at[n]) r->bad = 1;
  return r->bad ? "" : (const char *)at;
}

struct span get_bytes(struct reader *r) {
  u32 n = get_u32(r);
  const u8 *at = take(r, n);
  return (struct span){at, at ? n : 0};
}

struct span get_rest(struct reader *r) {
  size_t n = r->bad ? 0 : (size_t)(r->end - r->at);
  return (struct span){take(r, n), (u32)n};
}

static void *carve(struct reader *r, size_t n) {
  struct arena *a = r->arena;
  if (r->bad || !a) {
    r->bad = 1;
    return NULL;
  }
  u8 *at = (u8 *)(((uintptr_t)a->at + 7) & ~(uintptr_t)7);
  if (at > a->end || (size_t)(a->end - at) < n) {
    r->bad = 1;
    return NULL;
  }
  a->at = at + n;
  return at;
}

// Counts are checked against what is left before anything is carved, so a lying count costs nothing.
struct texts get_texts(struct reader *r) {
  u32 count = get_u32(r);
  if ((size_t)(r->end - r->at) / 5 < count) r->bad = 1;
  const char **list = carve(r, ((size_t)count + 1) * sizeof *list);
  if (!list) return (struct texts){NULL, 0};
  for (u32 i = 0; i < count; i++) list[i] = get_text(r);
  list[count] = NULL;
  return (struct texts){list, count};
}

struct u32s get_u32s(struct reader *r) {
  u32 count = get_u32(r);
  if ((size_t)(r->end - r->at) / 4 < count) r->bad = 1;
  u32 *list = carve(r, (size_t)count * sizeof *list);
  if (!list) return (struct u32s){NULL, 0};
  for (u32 i = 0; i < count; i++) list[i] = get_u32(r);
  return (struct u32s){list, count};
}

int reader_finish(struct reader *r) {
  if (r->at != r->end) r->bad = 1;
  return r->bad ? -EPROTO : 0;
}

static void put(struct writer *w, const void *from, size_t n) {
  w->needed += n;
  if (n == 0) return;
  if ((size_t)(w->end - w->at) < n) {
    w->at = w->end;
    return;
  }
  memcpy(w->at, from, n);
  w->at += n;
}

void put_u8(struct writer *w, u8 value) { put(w, &value, sizeof value); }
void put_u16(struct writer *w, u16 value) { put(w, &value, sizeof value); }
void put_u32(struct writer *w, u32 value) { put(w, &value, sizeof value); }
void put_i32(struct writer *w, i32 value) { put(w, &value, sizeof value); }
void put_u64(struct writer *w, u64 value) { put(w, &value, sizeof value); }

void put_text(struct writer *w, const char *text) {
  size_t n = strlen(text);
  put_u32(w, (u32)n);
  put(w, text, n + 1);
}

void put_bytes(struct writer *w, struct span bytes) {
  put_u32(w, bytes.length);
  put(w, bytes.at, bytes.length);
}

void put_texts(struct writer *w, struct texts texts) {
  put_u32(w, texts.count);
  for (u32 i = 0; i < texts.count; i++) put_text(w, texts.at[i]);
}

void put_u32s(struct writer *w, struct u32s numbers) {
  put_u32(w, numbers.count);
  for (u32 i = 0; i < numbers.count; i++) put_u32(w, numbers.at[i]);
}

void put_rest(struct writer *w, struct span bytes) { put(w, bytes.at, bytes.length); }
