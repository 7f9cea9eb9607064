// What a program pays for living where it lives: `inside MEMORY DISK` prints nanoseconds for a system call, for a piece of
// arithmetic, and for making, writing, reading and removing a small file in each of the folders.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

enum { BATCHES = 30 };

static int order(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

// Of so many batches the median: a disk that stalls for a moment says nothing about where the program lives.
static double each(void (*work)(void), int times) {
  double took[BATCHES];
  for (int batch = 0; batch < BATCHES; batch++) {
    double start = now();
    for (int i = 0; i < times; i++) work();
    took[batch] = (now() - start) / times;
  }
  qsort(took, BATCHES, sizeof took[0], order);
  return took[BATCHES / 2];
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
  if (argc != 3) return 2;
  each(call, 100);
  printf("%.1f %.1f", each(call, 10000), each(arithmetic, 1000));
  for (int folder = 1; folder < 3; folder++) {
    if (chdir(argv[folder]) < 0) return 2;
    printf(" %.1f", each(file, 100));
  }
  printf("\n");
  return 0;
}
