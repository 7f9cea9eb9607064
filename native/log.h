// A container's log: CRI text records, `2026-11-24T01:02:03.123456789Z stdout F text\n`, P where no line ended.
//
// Concatenating the texts of one stream, with "\n" after each F, gives back the container's bytes exactly; attach
// clients are served from it (attach.c). Records are written whole or not at all, so a reader never sees half of one.
#ifndef INRO_LOG_H
#define INRO_LOG_H

#include "sys.h"

enum { STREAM_STDOUT = 1, STREAM_STDERR = 2 };
// Rotated files that stay open while clients of the monitor still have to read them: what a slow one may lag behind.
enum { LOG_KEPT = 64, LOG_KEPT_BYTES = 1 << 30 };
#define NOT_NEEDED 0xffffffffu
enum { LOG_TEXT_MAX = 16 * 1024, LOG_HEADER = 40 };

struct log {
  const char *path;  // absolute; NULL when the container has no log
  i32 folder;        // of the path, so that rotation renames names
  i32 file;          // -1 while it cannot be opened
  u64 size;          // of the file
  u64 max_size;      // 0: rotation belongs to the caller, who asks to reopen
  u32 max_files;     // the current one included
  u32 generation;    // number of the current file; rotation adds one
  u32 oldest;        // number of the oldest file that is still there
  u64 lost;          // payload bytes that the log could not take, ever
  u64 unsaid;        // those that no record in the log tells of yet
  i32 why;           // -errno of the last loss
  u8 torn;           // the file ends within a record
  u32 readers;
  u32 needed;        // lowest generation that may not be skipped (attach.h, `holds`), or NOT_NEEDED
  i32 kept[LOG_KEPT];  // descriptor + 1 of generation g at g % LOG_KEPT; 0: none
};

struct moment {
  i64 seconds;
  i64 nanoseconds;
};

struct moment moment_now(void);
u64 moment_ns(struct moment now);

// `path` has to stay valid. Failure to open is not an error of the container: it counts as loss, and is tried again.
void log_open(struct log *log, const char *path, u64 max_size, u32 max_files);
// Writes what one read(2) returned. Returns 0, or -errno when bytes were lost. `scratch` holds LOG_SCRATCH bytes.
enum { LOG_SCRATCH = 64 * 1024 };
int log_write(struct log *log, u8 stream, const u8 *bytes, size_t n, struct moment now, u8 *scratch);
// For a caller that rotates (kubelet): go on in a new file of the same name.
int log_reopen(struct log *log);
// Removes every file of the log and goes on in a new one; readers keep what they still have to read.
int log_clear(struct log *log);
// The name of generation g (`name`, `name.1` …), or NULL when it is gone. `name` holds 280 bytes.
const char *log_name(const struct log *log, u32 generation, char *name);
// log_kept.c: for those who read the log's files, whatever is renamed or removed meanwhile.
void log_reader_begin(struct log *log, int from_start);
// The descriptor of a generation, or -1 when it is not kept (any more). It belongs to the log.
i32 log_reader_file(const struct log *log, u32 generation);
// Whether one more rotation leaves every generation from `needed` on readable.
int log_may_rotate(const struct log *log);
// Whether a rotation would take a name from a file that is still needed: the container's output waits meanwhile.
int log_is_behind(const struct log *log);
// Nobody reads generations below `lowest` any more.
void log_reader_forget(struct log *log, u32 lowest);
// The current file is about to be replaced.
void log_retire(struct log *log);
// Forgets the files of a log that only attach clients needed.
void log_discard(struct log *log);

// log_file.c, for log.c: 0 or -errno; the file to append to.
int log_open_file(struct log *log);
void log_rotate(struct log *log);

size_t decimal(char *to, u64 value);

#endif
