// Asks for readahead(2) of descriptor -1 with each number as its offset, and prints the errno: EBADF (9), or the filter's.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    errno = 0;
    syscall(SYS_readahead, -1, strtoull(argv[i], NULL, 10), 0);
    printf("%d\n", errno);
  }
}
