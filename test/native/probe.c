// What tests run inside a container: freestanding like the native program, and talkative.
#include "monitor_abi.h"

static void say(const char *text) { SYS(write, 1, text, strlen(text)); }

static void say_number(u64 value) {
  char digits[21], text[21];
  size_t n = 0, i = 0;
  do digits[n++] = (char)('0' + value % 10);
  while ((value /= 10));
  while (n > 0) text[i++] = digits[--n];
  text[i] = 0;
  say(text);
}

static u64 number(const char *text) {
  u64 value = 0;
  while (*text >= '0' && *text <= '9') value = value * 10 + (u64)(*text++ - '0');
  return value;
}

static int descriptors(void) {
  for (int fd = 0; fd < 1024; fd++)
    if (SYS(fcntl, fd, F_GETFD, 0) >= 0) {
      say_number((u64)fd);
      say(" ");
    }
  say("\n");
  return 0;
}

static int directory(void) {
  char path[4096];
  if (SYS(getcwd, path, sizeof path) < 0) return 1;
  say(path);
  say("\n");
  return 0;
}

static int environment(char **envp) {
  u64 bytes = 0;
  for (; *envp; envp++) bytes += strlen(*envp) + 1;
  say_number(bytes);
  say("\n");
  return 0;
}

static int copy(const char *path) {
  static char text[65536];
  long fd = SYS(openat, AT_FDCWD, path, 0, 0), n;
  if (fd < 0) return (int)-fd;
  while ((n = SYS(read, fd, text, sizeof text)) > 0) SYS(write, 1, text, n);
  return 0;
}

int inro_main(int argc, char **argv, char **envp);
int inro_main(int argc, char **argv, char **envp) {
  const char *what = argc > 1 ? argv[1] : "";
  if (str_equal(what, "descriptors")) return descriptors();
  if (str_equal(what, "directory")) return directory();
  if (str_equal(what, "environment")) return environment(envp);
  if (str_equal(what, "cat") && argc > 2) return copy(argv[2]);
  if (str_equal(what, "exit") && argc > 2) return (int)number(argv[2]);
  if (str_equal(what, "wait"))
    for (;;) SYS(pause);
  return 64;
}
