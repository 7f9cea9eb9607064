// The memory functions that a freestanding program has to bring itself.
#ifndef INRO_SANITIZE
#include "sys.h"

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
#if defined(__x86_64__)
  void *d = to;
  __asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(n)::"memory");
#else
  for (size_t i = 0; i < n; i++) ((volatile u8 *)to)[i] = ((const u8 *)from)[i];
#endif
  return to;
}

void *memmove(void *to, const void *from, size_t n) {
  volatile u8 *d = to;
  const u8 *s = from;
  if (d <= s)
    for (size_t i = 0; i < n; i++) d[i] = s[i];
  else
    while (n--) d[n] = s[n];
  return to;
}

void *memset(void *to, int byte, size_t n) {
#if defined(__x86_64__)
  void *d = to;
  __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(byte) : "memory");
#else
  for (size_t i = 0; i < n; i++) ((volatile u8 *)to)[i] = (u8)byte;
#endif
  return to;
}

int memcmp(const void *a, const void *b, size_t n) {
  const u8 *x = a, *y = b;
  for (size_t i = 0; i < n; i++)
    if (x[i] != y[i]) return x[i] - y[i];
  return 0;
}

size_t strlen(const char *s) {
  size_t n = 0;
  while (((const volatile char *)s)[n]) n++;
  return n;
}
#endif
