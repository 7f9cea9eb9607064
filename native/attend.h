// A program in the caller's foreground: the signals that its process is sent are the program's, and so is its terminal.
#ifndef INRO_ATTEND_H
#define INRO_ATTEND_H

#include "execute.h"

enum { RELAY_SIZE = 4096, TERMIOS_SIZE = 64 };

// Bytes on their way between two descriptors; nothing more is read before they are written.
struct relay {
  i32 from, to;  // -1: over
  u32 at, length;
  u8 bytes[RELAY_SIZE];
};

struct attendance {
  u8 terminal;  // it is shown on standard input and output
  u8 raw;       // and the caller's own was made raw
  i32 signals;
  u32 settings[TERMIOS_SIZE / 4];
  struct relay input, output;
};

// Before the start: from here on signals are kept for the program.
void attend_begin(struct attendance *a, const struct execution *e);
// Until the program has ended, which is not reaped yet.
void attend(struct attendance *a, const struct execution *e);
// Shows what it wrote last; the caller's terminal is again what it was.
void attend_end(struct attendance *a, const struct execution *e);

// Hands a terminal's master to whoever listens. 0 or -errno.
long attend_send_master(i32 master, const char *path);

#endif
