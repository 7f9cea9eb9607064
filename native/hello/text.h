// Reading small files of procfs and writing text, for a program without a libc.
#ifndef INRO_HELLO_TEXT_H
#define INRO_HELLO_TEXT_H

#include "sys.h"

void put(const char *text);
void put_number(u64 number);
// Writes `text` and then spaces up to `width` columns (ASCII only).
void put_column(const char *text, size_t width);
void put_flush(void);

// Reads the start of a file; the text ends with NUL. -1 when it cannot be read.
long read_text(const char *path, char *into, size_t size);
// The value of a line `key:\tvalue` as in /proc/self/status, copied into `into`; 0 when there is none.
int field(const char *text, const char *key, char *into, size_t size);
u64 parse_hex(const char *text);
// Finds `part` in `text`; NULL when it is not there.
const char *find(const char *text, const char *part);
// Copies up to `end` (or the end of the text) into `into`.
void copy_until(const char *from, char end, char *into, size_t size);

#endif
