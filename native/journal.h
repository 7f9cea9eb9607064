// A container's output as entries of the systemd journal, beside its log: systemd's "Native Journal Protocol".
#ifndef INRO_JOURNAL_H
#define INRO_JOURNAL_H

#include "log.h"

enum { JOURNAL_FIELDS = 4096 };

struct journal {
  u8 on;
  u8 stuck;      // the last entry was not taken in time: the next ones do not wait
  i32 socket;    // descriptor + 1; 0: none yet
  u64 lost;      // entries that nobody took and no entry tells of yet
  size_t fields_length;
  char fields[JOURNAL_FIELDS];  // of every entry: `CONTAINER_NAME=web\n` …
  struct line {
    size_t n;
    u8 text[LOG_TEXT_MAX];  // what has no end yet
  } lines[2];
};

// 0, or -ENAMETOOLONG. Empty fields: there is no journal.
int journal_open(struct journal *journal, const char *fields);
// An entry for each line that is whole, or too long to wait for.
void journal_write(struct journal *journal, u8 stream, const u8 *bytes, size_t n);
// What the output ended with, without the end of a line.
void journal_end(struct journal *journal);

#endif
