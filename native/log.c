// Writing a container's log. See log.h for the format and its law.
#include "log.h"

#include <linux/time_types.h>

struct moment moment_now(void) {
  struct __kernel_timespec ts = {0, 0};
  SYS(clock_gettime, 0 /* CLOCK_REALTIME */, &ts);
  return (struct moment){ts.tv_sec, ts.tv_nsec};
}

u64 moment_ns(struct moment now) { return (u64)now.seconds * 1000000000u + (u64)now.nanoseconds; }

size_t decimal(char *to, u64 value) {
  char digits[20];
  size_t n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while ((value /= 10));
  for (size_t i = 0; i < n; i++) to[i] = digits[n - 1 - i];
  return n;
}

static void padded(u8 *to, u64 value, int width) {
  for (int i = width - 1; i >= 0; i--, value /= 10) to[i] = (u8)('0' + value % 10);
}

// Civil date of a day count since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
static void stamp(u8 *to, struct moment now) {
  u64 days = (u64)now.seconds / 86400, rest = (u64)now.seconds % 86400;
  u64 shifted = days + 719468, era = shifted / 146097, of_era = shifted % 146097;
  u64 year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  u64 day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  u64 part = (5 * day_of_year + 2) / 153;
  u64 month = part < 10 ? part + 3 : part - 9;
  memcpy(to, "0000-00-00T00:00:00.000000000Z ", 31);
  padded(to, year_of_era + era * 400 + (month <= 2), 4);
  padded(to + 5, month, 2);
  padded(to + 8, day_of_year - (153 * part + 2) / 5 + 1, 2);
  padded(to + 11, rest / 3600, 2);
  padded(to + 14, rest / 60 % 60, 2);
  padded(to + 17, rest % 60, 2);
  padded(to + 20, (u64)now.nanoseconds, 9);
}

static int write_all(struct log *log, const u8 *bytes, size_t n) {
  size_t done = 0;
  while (done < n) {
    long wrote = SYS(write, log->file, bytes + done, n - done);
    if (wrote == -EINTR) continue;
    if (wrote <= 0) {
      // A record is there whole or not at all.
      long cut = SYS(ftruncate, log->file, log->size);
      if (cut < 0 && done > 0) log->torn = 1, log->size += done;
      return wrote < 0 ? (int)wrote : -EIO;
    }
    done += (size_t)wrote;
  }
  log->size += n;
  return 0;
}

static size_t put(u8 *to, const char *text) {
  size_t n = strlen(text);
  memcpy(to, text, n);
  return n;
}

static int say_loss(struct log *log, struct moment now) {
  u8 text[160];
  size_t n = 0;
  if (log->torn) text[n++] = '\n';
  if (log->unsaid == 0) return n == 0 ? 0 : write_all(log, text, n);
  stamp(text + n, now);
  n += 31;
  n += put(text + n, "stderr F [inro: ");
  n += decimal((char *)text + n, log->unsaid);
  n += put(text + n, " bytes of output are missing here: ");
  n += put(text + n, log->why == -ENOSPC ? "no space left on device" : log->why == -EIO ? "input/output error" : "errno ");
  if (log->why != -ENOSPC && log->why != -EIO) n += decimal((char *)text + n, (u64)-log->why);
  n += put(text + n, "]\n");
  int failed = write_all(log, text, n);
  if (failed == 0) log->unsaid = 0;
  return failed;
}

// Appends whole records that carry `payload` bytes of the container.
static int append(struct log *log, const u8 *records, size_t n, size_t payload, struct moment now) {
  int failed = 0;
  if (log->max_size > 0 && log->size > 0 && log->size + n > log->max_size && log_may_rotate(log)) log_rotate(log);
  if (log->file < 0) failed = log_open_file(log);
  if (failed == 0 && (log->unsaid > 0 || log->torn)) {
    failed = say_loss(log, now);
    if (failed == 0) log->torn = 0;
  }
  if (failed == 0) failed = write_all(log, records, n);
  if (failed == 0) return 0;
  log->lost += payload;
  log->unsaid += payload;
  log->why = failed;
  return failed;
}

static size_t line_length(const u8 *bytes, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (bytes[i] == '\n') return i;
  return n;
}

int log_write(struct log *log, u8 stream, const u8 *bytes, size_t n, struct moment now, u8 *scratch) {
  u8 head[LOG_HEADER];
  stamp(head, now);
  memcpy(head + 31, stream == STREAM_STDERR ? "stderr F " : "stdout F ", 9);
  size_t filled = 0, payload = 0, most = log->max_size > 0 && log->max_size < LOG_SCRATCH ? log->max_size : LOG_SCRATCH;
  int failed = 0;
  while (n > 0) {
    size_t part = n < LOG_TEXT_MAX ? n : LOG_TEXT_MAX;
    size_t text = line_length(bytes, part), taken = text;
    int ends = text < n && bytes[text] == '\n';
    if (ends) taken++;
    if (filled > 0 && filled + LOG_HEADER + text + 1 > most) {
      int now_failed = append(log, scratch, filled, payload, now);
      if (now_failed) failed = now_failed;
      filled = payload = 0;
    }
    memcpy(scratch + filled, head, LOG_HEADER);
    scratch[filled + 38] = ends ? 'F' : 'P';
    memcpy(scratch + filled + LOG_HEADER, bytes, text);
    filled += LOG_HEADER + text;
    scratch[filled++] = '\n';
    payload += taken;
    bytes += taken;
    n -= taken;
  }
  if (filled > 0) {
    int now_failed = append(log, scratch, filled, payload, now);
    if (now_failed) failed = now_failed;
  }
  return failed;
}
