// What a program pays for living where it lives: `inside FOLDER` prints nanoseconds for a system call, for making,
// writing, reading and removing a small file in FOLDER, and for a piece of arithmetic.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double each(void (*work)(void), int times) {
  double start = now();
  for (int i = 0; i < times; i++) work();
  return (now() - start) / times;
}

// getppid(2) does next to nothing: what is left is the way into the kernel and the filter on it.
static void call(void) { syscall(SYS_getppid); }

static char bytes[4096];

static void file(void) {
  int fd = open("inside.tmp", O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd < 0 || write(fd, bytes, sizeof bytes) != sizeof bytes) _exit(1);
  if (pread(fd, bytes, sizeof bytes, 0) != sizeof bytes) _exit(1);
  close(fd);
  unlink("inside.tmp");
}

static volatile uint64_t sum;

static void arithmetic(void) {
  uint64_t x = sum + 1;
  for (int i = 0; i < 1000; i++) x = x * 6364136223846793005u + 1442695040888963407u;
  sum = x;
}

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1]) < 0) return 2;
  each(call, 1000);
  printf("%.1f %.1f %.1f\n", each(call, 300000), each(file, 3000), each(arithmetic, 30000));
  return 0;
}
