// Which ports answer, and what answers:
//   scan LAST ADDRESS…         every port from 1 to LAST, TCP and UDP; prints `ADDRESS PORT/PROTOCOL` for each open one
//   scan serve PORT/PROTOCOL…  opens these, for IPv4 and IPv6; prints `open`
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

// IPv4 as it is mapped into IPv6, `::ffff:192.0.2.1`.
static struct in6_addr targets[MOST_TARGETS];
static char *names[MOST_TARGETS];
static int count;
static uint8_t open_ports[MOST_TARGETS][2][65536];

// Raw sockets of TCP and plain ones of UDP: of IPv4, of IPv6.
static int tcp[2], udp[2];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int socket_of(int family, int type, int protocol) {
  int fd = socket(family, type, protocol), size = BUFFER;
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  return fd;
}

static struct in6_addr mapped(struct in_addr four) {
  struct in6_addr six = {0};
  six.s6_addr[10] = six.s6_addr[11] = 0xff;
  memcpy(six.s6_addr + 12, &four, 4);
  return six;
}

static struct in6_addr address_of(const struct sockaddr_storage *from) {
  if (from->ss_family == AF_INET6) return ((const struct sockaddr_in6 *)from)->sin6_addr;
  return mapped(((const struct sockaddr_in *)from)->sin_addr);
}

static socklen_t place(struct sockaddr_storage *at, const struct in6_addr *to, int port) {
  memset(at, 0, sizeof *at);
  if (IN6_IS_ADDR_V4MAPPED(to)) {
    struct sockaddr_in *four = (struct sockaddr_in *)at;
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)port);
    memcpy(&four->sin_addr, to->s6_addr + 12, 4);
    return sizeof *four;
  }
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)at;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons((uint16_t)port);
  six->sin6_addr = *to;
  return sizeof *six;
}

static void found(const struct sockaddr_storage *at, int protocol, uint16_t port) {
  struct in6_addr from = address_of(at);
  for (int i = 0; i < count; i++)
    if (IN6_ARE_ADDR_EQUAL(&targets[i], &from)) open_ports[i][protocol][port] = 1;
}

static uint16_t checksum(struct in6_addr from, struct in6_addr to, const struct tcphdr *head) {
  uint16_t words[16] = {0};
  uint32_t sum = 0;
  memcpy(words, from.s6_addr + 12, 4);
  memcpy(words + 2, to.s6_addr + 12, 4);
  words[4] = htons(IPPROTO_TCP);
  words[5] = htons(sizeof *head);
  memcpy(words + 6, head, sizeof *head);
  for (int i = 0; i < 16; i++) sum += words[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

// The address that the kernel sends from; none where it has no way.
static struct in6_addr own_address(const struct in6_addr *to) {
  struct sockaddr_storage at;
  socklen_t size = place(&at, to, 9);
  struct in6_addr none = {0};
  int fd = socket_of(at.ss_family, SOCK_DGRAM, 0);
  int known = connect(fd, (struct sockaddr *)&at, size) == 0 && getsockname(fd, (struct sockaddr *)&at, &size) == 0;
  close(fd);
  return known ? address_of(&at) : none;
}

// A raw socket of IPv4 gives the header too.
static void take_tcp(int fd, int is_six) {
  uint8_t packet[2048];
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  for (long n; (n = recvfrom(fd, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from, &size)) > 0;) {
    struct tcphdr head;
    long skipped = is_six ? 0 : (packet[0] & 15) * 4;
    size = sizeof from;
    if (n < skipped + (long)sizeof head) continue;
    memcpy(&head, packet + skipped, sizeof head);
    if (head.syn && head.ack && ntohs(head.dest) == SOURCE) found(&from, 0, ntohs(head.source));
  }
}

static void take_udp(int fd) {
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  char byte = 0;
  while (recvfrom(fd, &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&from, &size) >= 0 || errno == ECONNREFUSED) {
    uint16_t port = from.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&from)->sin6_port : ((struct sockaddr_in *)&from)->sin_port;
    if (byte == '!') found(&from, 1, ntohs(port));
    byte = 0;
    size = sizeof from;
  }
}

static void wait_for(int milliseconds) {
  struct pollfd all[] = {{tcp[0], POLLIN, 0}, {tcp[1], POLLIN, 0}, {udp[0], POLLIN, 0}, {udp[1], POLLIN, 0}};
  while (poll(all, 4, milliseconds) > 0)
    for (int six = 0; six < 2; six++) {
      take_tcp(tcp[six], six);
      take_udp(udp[six]);
    }
}

static void scan(int last) {
  static const int families[] = {AF_INET, AF_INET6};
  for (int six = 0; six < 2; six++) {
    tcp[six] = socket_of(families[six], SOCK_RAW, IPPROTO_TCP);
    udp[six] = socket_of(families[six], SOCK_DGRAM, 0);
  }
  // The kernel sums up for IPv6 what it is told the place of.
  int at_sum = 16;
  setsockopt(tcp[1], IPPROTO_IPV6, IPV6_CHECKSUM, &at_sum, sizeof at_sum);
  for (int pass = 0; pass < PASSES; pass++)
    for (int i = 0; i < count; i++) {
      struct in6_addr from = own_address(&targets[i]);
      int six = !IN6_IS_ADDR_V4MAPPED(&targets[i]);
      for (int port = 1; port <= last; port++) {
        struct sockaddr_storage at;
        struct tcphdr head = {.source = htons(SOURCE), .dest = htons((uint16_t)port), .seq = htonl(1), .doff = 5};
        head.syn = 1;
        head.window = htons(1024);
        if (!six) head.check = checksum(from, targets[i], &head);
        // Refusals of a host that cannot be reached are answers too. raw(7) of IPv6 wants no port.
        socklen_t size = place(&at, &targets[i], 0);
        sendto(tcp[six], &head, sizeof head, 0, (struct sockaddr *)&at, size);
        size = place(&at, &targets[i], port);
        sendto(udp[six], "?", 1, 0, (struct sockaddr *)&at, size);
        if (port % BURST == 0) wait_for(0);
      }
      wait_for(20);
    }
  wait_for(LAST_WAIT_MS);
  for (int i = 0; i < count; i++)
    for (int protocol = 0; protocol < 2; protocol++)
      for (int port = 1; port <= last; port++)
        if (open_ports[i][protocol][port]) printf("%s %d/%s\n", names[i], port, protocol == 0 ? "tcp" : "udp");
}

// The kernel shakes hands for whoever listens; what comes by UDP is answered.
static void serve(int number, char **ports) {
  struct pollfd all[64];
  for (int i = 0; i < number && i < 64; i++) {
    int is_udp = strstr(ports[i], "/udp") != NULL, on = 1, off = 0;
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(ports[i]))};
    int fd = socket_of(AF_INET6, is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || (!is_udp && listen(fd, 4096) != 0)) fail(ports[i]);
    all[i] = (struct pollfd){fd, is_udp ? POLLIN : 0, 0};
  }
  printf("open\n");
  fflush(stdout);
  while (poll(all, (nfds_t)number, -1) >= 0)
    for (int i = 0; i < number; i++) {
      struct sockaddr_in6 from;
      socklen_t size = sizeof from;
      char byte;
      if (all[i].revents != 0 && recvfrom(all[i].fd, &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&from, &size) >= 0)
        sendto(all[i].fd, "!", 1, 0, (struct sockaddr *)&from, size);
    }
}

int main(int number, char **words) {
  if (number > 2 && strcmp(words[1], "serve") == 0) serve(number - 2, words + 2);
  if (number < 3) return 2;
  for (int i = 2; i < number && count < MOST_TARGETS; i++) {
    struct in_addr four;
    names[count] = words[i];
    if (inet_pton(AF_INET, words[i], &four) == 1) targets[count++] = mapped(four);
    else if (inet_pton(AF_INET6, words[i], &targets[count++]) != 1) fail(words[i]);
  }
  scan(atoi(words[1]));
  return 0;
}
