// Which ports answer, and what answers:
//   scan LAST ADDRESS…         every port from 1 to LAST, TCP and UDP; prints `ADDRESS PORT/PROTOCOL` for each open one
//   scan serve PORT/PROTOCOL…  opens these; prints `open`
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOURCE = 61234, BURST = 64, MOST_TARGETS = 32, PASSES = 2, LAST_WAIT_MS = 300, BUFFER = 1 << 26 };

static struct in_addr targets[MOST_TARGETS];
static int count;
static uint8_t open_ports[MOST_TARGETS][2][65536];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int socket_of(int type, int protocol) {
  int fd = socket(AF_INET, type, protocol), size = BUFFER;
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  return fd;
}

static void found(struct in_addr from, int protocol, uint16_t port) {
  for (int i = 0; i < count; i++)
    if (targets[i].s_addr == from.s_addr) open_ports[i][protocol][port] = 1;
}

static uint16_t checksum(struct in_addr from, struct in_addr to, const struct tcphdr *head) {
  uint16_t words[16] = {0};
  uint32_t sum = 0;
  memcpy(words, &from, 4);
  memcpy(words + 2, &to, 4);
  words[4] = htons(IPPROTO_TCP);
  words[5] = htons(sizeof *head);
  memcpy(words + 6, head, sizeof *head);
  for (int i = 0; i < 16; i++) sum += words[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

// The address that the kernel sends from.
static struct in_addr own_address(struct in_addr to) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = to};
  socklen_t size = sizeof at;
  int fd = socket_of(SOCK_DGRAM, 0);
  if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0 || getsockname(fd, (struct sockaddr *)&at, &size) != 0)
    fail("getsockname");
  close(fd);
  return at.sin_addr;
}

static void take_tcp(int fd) {
  uint8_t packet[2048];
  for (long n; (n = recv(fd, packet, sizeof packet, MSG_DONTWAIT)) > 0;) {
    struct ip ip;
    struct tcphdr tcp;
    memcpy(&ip, packet, sizeof ip);
    if (n < ip.ip_hl * 4 + (long)sizeof tcp) continue;
    memcpy(&tcp, packet + ip.ip_hl * 4, sizeof tcp);
    if (tcp.syn && tcp.ack && ntohs(tcp.dest) == SOURCE) found(ip.ip_src, 0, ntohs(tcp.source));
  }
}

static void take_udp(int fd) {
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  char byte = 0;
  while (recvfrom(fd, &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&from, &size) >= 0 || errno == ECONNREFUSED)
    if (byte == '!') found(from.sin_addr, 1, ntohs(from.sin_port));
}

static void wait_for(int tcp, int udp, int milliseconds) {
  struct pollfd both[] = {{tcp, POLLIN, 0}, {udp, POLLIN, 0}};
  while (poll(both, 2, milliseconds) > 0) {
    take_tcp(tcp);
    take_udp(udp);
  }
}

static void scan(int last) {
  int tcp = socket_of(SOCK_RAW, IPPROTO_TCP), udp = socket_of(SOCK_DGRAM, 0);
  for (int pass = 0; pass < PASSES; pass++)
    for (int i = 0; i < count; i++) {
      struct in_addr from = own_address(targets[i]);
      for (int port = 1; port <= last; port++) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = targets[i]};
        struct tcphdr head = {.source = htons(SOURCE), .dest = htons((uint16_t)port), .seq = htonl(1), .doff = 5};
        head.syn = 1;
        head.window = htons(1024);
        head.check = checksum(from, targets[i], &head);
        // Refusals of a host that cannot be reached are answers too.
        sendto(tcp, &head, sizeof head, 0, (struct sockaddr *)&at, sizeof at);
        at.sin_port = htons((uint16_t)port);
        sendto(udp, "?", 1, 0, (struct sockaddr *)&at, sizeof at);
        if (port % BURST == 0) wait_for(tcp, udp, 0);
      }
      wait_for(tcp, udp, 20);
    }
  wait_for(tcp, udp, LAST_WAIT_MS);
  for (int i = 0; i < count; i++)
    for (int protocol = 0; protocol < 2; protocol++)
      for (int port = 1; port <= last; port++)
        if (open_ports[i][protocol][port])
          printf("%s %d/%s\n", inet_ntoa(targets[i]), port, protocol == 0 ? "tcp" : "udp");
}

// The kernel shakes hands for whoever listens; what comes by UDP is answered.
static void serve(int number, char **ports) {
  struct pollfd all[64];
  for (int i = 0; i < number && i < 64; i++) {
    int is_udp = strstr(ports[i], "/udp") != NULL, on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(ports[i]))};
    int fd = socket_of(is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || (!is_udp && listen(fd, 4096) != 0)) fail(ports[i]);
    all[i] = (struct pollfd){fd, is_udp ? POLLIN : 0, 0};
  }
  printf("open\n");
  fflush(stdout);
  while (poll(all, (nfds_t)number, -1) >= 0)
    for (int i = 0; i < number; i++) {
      struct sockaddr_in from;
      socklen_t size = sizeof from;
      char byte;
      if (all[i].revents != 0 && recvfrom(all[i].fd, &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&from, &size) >= 0)
        sendto(all[i].fd, "!", 1, 0, (struct sockaddr *)&from, size);
    }
}

int main(int number, char **words) {
  if (number > 2 && strcmp(words[1], "serve") == 0) serve(number - 2, words + 2);
  if (number < 3) return 2;
  for (int i = 2; i < number && count < MOST_TARGETS; i++)
    if (inet_pton(AF_INET, words[i], &targets[count++]) != 1) fail(words[i]);
  scan(atoi(words[1]));
  return 0;
}
