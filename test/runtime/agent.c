// A supervisor of seccomp notifications, for tests: agent SOCKET [CONNECTIONS]. Prints each process state that it is sent
// as one line, then answers every notification: mkdir, mkdirat and uname fail with EXDEV, others go on.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void serve(int listener) {
  for (;;) {
    struct seccomp_notif asked = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0) {
      if (errno == EINTR) continue;
      exit(0);
    }
    struct seccomp_notif_resp answer = {.id = asked.id, .error = -EXDEV};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

int main(int argc, char **argv) {
  int at = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  strncpy(name.sun_path, argv[1], sizeof name.sun_path - 1);
  if (bind(at, (void *)&name, sizeof name) || listen(at, 5)) return 1;
  puts("ready");
  fflush(stdout);
  for (int n = argc > 2 ? atoi(argv[2]) : 1; n > 0; n--) {
    int from = accept(at, NULL, NULL), listener = -1;
    char text[65536] = "", control[CMSG_SPACE(sizeof(int))] = "";
    size_t length = 0;
    for (ssize_t got = 1; got > 0 && length < sizeof text - 1;) {
      struct iovec part = {text + length, sizeof text - 1 - length};
      struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
      got = recvmsg(from, &head, MSG_CMSG_CLOEXEC);
      struct cmsghdr *rights = got > 0 ? CMSG_FIRSTHDR(&head) : NULL;
      if (rights && rights->cmsg_type == SCM_RIGHTS) memcpy(&listener, CMSG_DATA(rights), sizeof listener);
      if (got > 0) length += (size_t)got;
    }
    printf("%s\n", text);
    fflush(stdout);
    if (listener < 0) return 2;
    if (fork() == 0) serve(listener);
    close(listener);
    close(from);
  }
  return 0;
}
