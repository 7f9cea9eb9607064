// The whole C library of the native program: raw system calls and a few memory functions.
//
// The program is freestanding (no libc): an idle monitor then costs a few pages instead of glibc's
// hundreds of kilobytes, it builds with any C compiler, and the set of system calls that it can make
// is exactly the set that is written here, which the proof about seccomp in docs/PLAN.md relies on.
//
// Every sys_* function returns what the kernel returns: a value >= 0, or -errno.
#ifndef INRO_SYS_H
#define INRO_SYS_H

#include <stddef.h>
#include <stdint.h>

#include <asm/unistd.h>
#include <linux/errno.h>

typedef int64_t i64;
typedef uint64_t u64;
typedef int32_t i32;
typedef uint32_t u32;
typedef uint16_t u16;
typedef uint8_t u8;

#if defined(__x86_64__)
static inline long sys6(long nr, long a, long b, long c, long d, long e, long f) {
  long ret;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(ret)
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return ret;
}
#elif defined(__aarch64__)
static inline long sys6(long nr, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}
#else
#error "unsupported architecture: x86_64 and aarch64 are"
#endif

// SYS(openat, fd, path, …): up to six arguments, each an integer or a pointer.
#define SYS_PICK(_1, _2, _3, _4, _5, _6, _7, NAME, ...) NAME
#define SYS1(nr) sys6(__NR_##nr, 0, 0, 0, 0, 0, 0)
#define SYS2(nr, a) sys6(__NR_##nr, (long)(a), 0, 0, 0, 0, 0)
#define SYS3(nr, a, b) sys6(__NR_##nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYS4(nr, a, b, c) sys6(__NR_##nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYS5(nr, a, b, c, d) sys6(__NR_##nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYS6(nr, a, b, c, d, e) sys6(__NR_##nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYS7(nr, a, b, c, d, e, f) \
  sys6(__NR_##nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SYS(...) SYS_PICK(__VA_ARGS__, SYS7, SYS6, SYS5, SYS4, SYS3, SYS2, SYS1)(__VA_ARGS__)

// The compiler may emit calls to these four even in a freestanding program; mem.c defines them.
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

static inline int str_equal(const char *a, const char *b) {
  size_t n = strlen(a);
  return n == strlen(b) && memcmp(a, b, n) == 0;
}

static inline _Noreturn void sys_exit(int code) {
  for (;;) SYS(exit_group, code);
}

#endif
