// Traffic over TCP. On standard output: the nanoseconds it took, and those of this side's processor:
//   traffic serve PORT                     what the others talk to, one connection at a time
//   traffic stream ADDRESS PORT MEBIBYTES  one way, until the other side has it all
//   traffic turns ADDRESS PORT COUNT       a byte there and a byte back, on one connection
//   traffic calls ADDRESS PORT COUNT       a connection each time, with a byte there and a byte back
//   traffic reach PORT ADDRESS…            whether each answers, if only by a refusal
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 128 * 1024, MEBIBYTE = 1024 * 1024 };

static char buffer[CHUNK];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// Two sides that share a processor sometimes and sometimes not tell of the scheduler, not of the way between them.
static void stay_on(unsigned processor) {
  cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(processor % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &own);
  sched_setaffinity(0, sizeof own, &own);
}

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct sockaddr_in place(const char *address, const char *port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  if (inet_pton(AF_INET, address, &at.sin_addr) != 1) fail(address);
  return at;
}

static int opened(void) {
  int on = 1;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static int called(const struct sockaddr_in *at) {
  int fd = opened();
  if (connect(fd, (const struct sockaddr *)at, sizeof *at) != 0) fail("connect");
  return fd;
}

static void turn(int fd, char byte) {
  if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) fail("a byte there and back");
}

// The first byte of a stream is 's', and its end is answered by a byte; every other byte is answered by itself.
static void answer(int fd) {
  char first;
  while (read(fd, &first, 1) == 1) {
    if (first == 's')
      while (read(fd, buffer, CHUNK) > 0) continue;
    if (write(fd, &first, 1) != 1) break;
  }
  close(fd);
}

static void serve(const char *port) {
  int on = 1;
  int listener = opened();
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in at = place("0.0.0.0", port);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 128) != 0) fail("listen");
  printf("listens\n");
  fflush(stdout);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) fail("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    answer(fd);
  }
}

static void stream(const struct sockaddr_in *at, int mebibytes) {
  int fd = called(at);
  if (write(fd, "s", 1) != 1) fail("write");
  for (long left = (long)mebibytes * MEBIBYTE; left > 0;) {
    long n = write(fd, buffer, left < CHUNK ? (size_t)left : CHUNK);
    if (n <= 0) fail("write");
    left -= n;
  }
  shutdown(fd, SHUT_WR);
  if (read(fd, buffer, 1) != 1) fail("the other side's byte");
  close(fd);
}

static void turns(const struct sockaddr_in *at, int count) {
  int fd = called(at);
  while (count-- > 0) turn(fd, 't');
  close(fd);
}

static void calls(const struct sockaddr_in *at, int count) {
  // Without it sixty thousand ports wait for a minute each.
  struct linger at_once = {1, 0};
  while (count-- > 0) {
    int fd = called(at);
    turn(fd, 'c');
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
  }
}

static void reach(const char *port, int count, char **addresses) {
  struct timeval patience = {2, 0};
  for (int i = 0; i < count; i++) {
    struct sockaddr_in at = place(addresses[i], port);
    int fd = opened();
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0 && errno != ECONNREFUSED) fail(addresses[i]);
    close(fd);
  }
}

int main(int count, char **words) {
  stay_on(count == 3 ? 0 : 1);
  double start = now(CLOCK_MONOTONIC);
  if (count == 3 && strcmp(words[1], "serve") == 0) serve(words[2]);
  if (count > 3 && strcmp(words[1], "reach") == 0) reach(words[2], count - 3, words + 3);
  else if (count == 5) {
    struct sockaddr_in at = place(words[2], words[3]);
    int number = atoi(words[4]);
    if (strcmp(words[1], "stream") == 0) stream(&at, number);
    if (strcmp(words[1], "turns") == 0) turns(&at, number);
    if (strcmp(words[1], "calls") == 0) calls(&at, number);
  }
  printf("%.0f %.0f\n", now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID));
  return 0;
}
