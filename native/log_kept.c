// Keeping rotated files open for readers: a descriptor outlives renames, and the removal of the whole container.
#include "log.h"
#include "monitor_abi.h"

static u32 limit(const struct log *log) {
  if (log->max_size == 0) return LOG_KEPT;
  u64 files = LOG_KEPT_BYTES / log->max_size;
  u32 least = log->max_files > 2 ? log->max_files : 2;
  if (least > LOG_KEPT) least = LOG_KEPT;
  return files > LOG_KEPT ? LOG_KEPT : files < least ? least : (u32)files;
}

static void drop(struct log *log, u32 generation) {
  i32 *kept = &log->kept[generation % LOG_KEPT];
  if (*kept > 0) SYS(close, *kept - 1);
  *kept = 0;
}

static void keep(struct log *log, u32 generation, i32 file) {
  drop(log, generation);
  log->kept[generation % LOG_KEPT] = file + 1;
}

void log_retire(struct log *log) {
  if (log->file < 0) return;
  if (log->readers > 0) {
    u32 most = limit(log);
    if (log->generation >= most) drop(log, log->generation - most);
    keep(log, log->generation, log->file);
  } else {
    SYS(close, log->file);
  }
  log->file = -1;
}

i32 log_reader_file(const struct log *log, u32 generation) {
  if (generation == log->generation) return log->file;
  if (generation > log->generation || log->generation - generation > limit(log)) return -1;
  return log->kept[generation % LOG_KEPT] - 1;
}

int log_may_rotate(const struct log *log) {
  return log->needed == NOT_NEEDED || log->generation + 1 - log->needed <= limit(log);
}

int log_is_behind(const struct log *log) {
  if (log->needed == NOT_NEEDED || log->max_size == 0) return 0;
  u32 named = log->max_files > 2 ? log->max_files : 2;
  return log->generation + 1 - log->needed >= named;
}

void log_reader_begin(struct log *log, int from_start) {
  char name[280];
  log->readers++;
  if (!from_start) return;
  for (u32 g = log->oldest; g < log->generation; g++) {
    if (log_reader_file(log, g) >= 0 || !log_name(log, g, name)) continue;
    long file = SYS(openat, log->folder, name, ABI_O_RDONLY | ABI_O_CLOEXEC, 0);
    if (file >= 0) keep(log, g, (i32)file);
  }
}

void log_reader_forget(struct log *log, u32 lowest) {
  for (u32 back = 1; back <= LOG_KEPT && back <= log->generation; back++)
    if (log->generation - back < lowest) drop(log, log->generation - back);
}
