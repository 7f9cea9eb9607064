// Sending entries to the journal. See journal.h.
#include "journal.h"
#include "monitor_abi.h"

enum { PATIENCE_US = 200 * 1000, SOCK_DGRAM_CLOEXEC = 2 | ABI_O_CLOEXEC };

int journal_open(struct journal *journal, const char *fields) {
  size_t n = strlen(fields);
  if (n >= sizeof journal->fields) return -ENAMETOOLONG;
  memcpy(journal->fields, fields, n);
  journal->fields_length = n;
  journal->on = n > 0;
  return 0;
}

static i32 socket_of(struct journal *journal) {
  if (journal->socket > 0) return journal->socket - 1;
  struct __kernel_old_timeval patience = {0, PATIENCE_US};
  long fd = SYS(socket, ABI_AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) return (i32)fd;
  SYS(setsockopt, fd, ABI_SOL_SOCKET, ABI_SO_SNDTIMEO, &patience, sizeof patience);
  journal->socket = (i32)fd + 1;
  return (i32)fd;
}

static struct abi_iovec piece(const void *base, size_t length) { return (struct abi_iovec){base, length}; }

static struct abi_iovec said(const char *text) { return piece(text, strlen(text)); }

// "MESSAGE" is sent in the form that holds any bytes: the name, a newline, the length in 64 bits (little endian), the bytes.
static long send_entry(struct journal *journal, const char *head, const u8 *text, size_t n, int partial) {
  i32 fd = socket_of(journal);
  if (fd < 0) return fd;
  struct sockaddr_un address = {.sun_family = ABI_AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
  u64 length = n;
  struct abi_iovec all[] = {
      piece(journal->fields, journal->fields_length), said(head), said("MESSAGE\n"), piece(&length, sizeof length),
      piece(text, n), said(partial ? "\nCONTAINER_PARTIAL_MESSAGE=true\n" : "\n"),
  };
  struct abi_msghdr message = {.name = &address, .name_length = sizeof address, .iov = all, .iov_count = 6};
  long sent = SYS(sendmsg, fd, &message, ABI_MSG_NOSIGNAL | (journal->stuck ? ABI_MSG_DONTWAIT : 0));
  journal->stuck = sent == -EAGAIN;
  return sent;
}

static int tell_loss(struct journal *journal) {
  char text[96] = "inro: ";
  size_t n = strlen(text);
  n += decimal(text + n, journal->lost);
  const char rest[] = " lines are missing here: the journal did not take them";
  memcpy(text + n, rest, sizeof rest - 1);
  long sent = send_entry(journal, "PRIORITY=4\n", (const u8 *)text, n + sizeof rest - 1, 0);
  if (sent >= 0) journal->lost = 0;
  return sent >= 0;
}

static void entry(struct journal *journal, u8 stream, const u8 *text, size_t n, int partial) {
  const char *priority = stream == STREAM_STDERR ? "PRIORITY=3\n" : "PRIORITY=6\n";
  if (journal->lost > 0 && !tell_loss(journal)) {
    journal->lost++;
    return;
  }
  if (send_entry(journal, priority, text, n, partial) < 0) journal->lost++;
}

void journal_write(struct journal *journal, u8 stream, const u8 *bytes, size_t n) {
  if (!journal->on) return;
  struct line *line = &journal->lines[stream == STREAM_STDERR];
  for (size_t i = 0; i < n; i++) {
    int ends = bytes[i] == '\n';
    if (!ends) line->text[line->n++] = bytes[i];
    if (!ends && line->n < sizeof line->text) continue;
    entry(journal, stream, line->text, line->n, !ends);
    line->n = 0;
  }
}

void journal_end(struct journal *journal) {
  for (u8 i = 0; i < 2; i++) {
    struct line *line = &journal->lines[i];
    if (line->n > 0) entry(journal, i ? STREAM_STDERR : STREAM_STDOUT, line->text, line->n, 0);
    line->n = 0;
  }
}
