#include "text.h"

#include <linux/fcntl.h>

static char out[4096];
static size_t out_length;

void put_flush(void) {
  size_t done = 0;
  while (done < out_length) {
    long n = SYS(write, 1, out + done, out_length - done);
    if (n <= 0) break;
    done += (size_t)n;
  }
  out_length = 0;
}

void put(const char *text) {
  for (; *text; text++) {
    if (out_length == sizeof out) put_flush();
    out[out_length++] = *text;
  }
}

void put_number(u64 number) {
  char digits[21];
  size_t at = sizeof digits - 1;
  digits[at] = 0;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  put(digits + at);
}

void put_column(const char *text, size_t width) {
  put(text);
  for (size_t n = strlen(text); n < width; n++) put(" ");
}

long read_text(const char *path, char *into, size_t size) {
  into[0] = 0;
  long fd = SYS(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  size_t length = 0;
  while (length < size - 1) {
    long n = SYS(read, fd, into + length, size - 1 - length);
    if (n <= 0) break;
    length += (size_t)n;
  }
  SYS(close, fd);
  into[length] = 0;
  return (long)length;
}

const char *find(const char *text, const char *part) {
  size_t n = strlen(part);
  for (; *text; text++)
    if (strlen(text) >= n && memcmp(text, part, n) == 0) return text;
  return NULL;
}

void copy_until(const char *from, char end, char *into, size_t size) {
  size_t n = 0;
  while (from[n] && from[n] != end && n < size - 1) {
    into[n] = from[n];
    n++;
  }
  into[n] = 0;
}

int field(const char *text, const char *key, char *into, size_t size) {
  size_t n = strlen(key);
  for (const char *line = text; line && *line;) {
    if (strlen(line) > n && memcmp(line, key, n) == 0 && line[n] == ':') {
      line += n + 1;
      while (*line == ' ' || *line == '\t') line++;
      copy_until(line, '\n', into, size);
      return 1;
    }
    line = find(line, "\n");
    if (line) line++;
  }
  into[0] = 0;
  return 0;
}

u64 parse_hex(const char *text) {
  u64 value = 0;
  for (;; text++) {
    if (*text >= '0' && *text <= '9')
      value = value << 4 | (u64)(*text - '0');
    else if (*text >= 'a' && *text <= 'f')
      value = value << 4 | (u64)(*text - 'a' + 10);
    else
      return value;
  }
}
