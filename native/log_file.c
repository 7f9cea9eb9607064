// The files of a log: opening, naming, rotating. See log.h.
#include "log.h"
#include "monitor_abi.h"

static const char *base_name(const char *path) {
  const char *name = path;
  for (const char *at = path; *at; at++)
    if (*at == '/') name = at + 1;
  return name;
}

// `name`, `name.1`, `name.2` …: the higher the number, the older the file.
static const char *numbered(const struct log *log, u32 number, char *name) {
  const char *base = base_name(log->path);
  size_t n = strlen(base);
  if (n > 255) return NULL;
  memcpy(name, base, n);
  if (number > 0) {
    name[n++] = '.';
    n += decimal(name + n, number);
  }
  name[n] = 0;
  return name;
}

const char *log_name(const struct log *log, u32 generation, char *name) {
  if (generation > log->generation || generation < log->oldest) return NULL;
  return numbered(log, log->generation - generation, name);
}

int log_open_file(struct log *log) {
  if (log->folder < 0) return -ENOENT;
  long file = SYS(openat, log->folder, base_name(log->path), ABI_O_RDWR | ABI_O_CREAT | ABI_O_APPEND | ABI_O_CLOEXEC, 0640);
  if (file < 0) return (int)file;
  long end = SYS(lseek, file, 0, ABI_SEEK_END);
  u8 last = '\n';
  if (end > 0) SYS(pread64, file, &last, 1, end - 1);
  log->file = (i32)file;
  log->size = end > 0 ? (u64)end : 0;
  log->torn = last != '\n';
  return 0;
}

void log_open(struct log *log, const char *path, u64 max_size, u32 max_files) {
  *log = (struct log){.path = path, .folder = -1, .file = -1, .max_size = max_size, .max_files = max_files,
                      .needed = NOT_NEEDED};
  char text[4096];
  size_t folder = (size_t)(base_name(path) - path);
  if (folder == 0 || folder >= sizeof text) return;
  memcpy(text, path, folder);
  text[folder] = 0;
  log->folder = (i32)SYS(openat, AT_FDCWD, text, ABI_O_PATH | ABI_O_CLOEXEC, 0);
  // Files of an earlier run of this container count as earlier generations.
  log->generation = log->max_files > 1 ? log->max_files - 1 : 0;
  struct statx there;
  char name[280];
  while (log->oldest < log->generation && (log_name(log, log->oldest, name) == NULL ||
         SYS(statx, log->folder, name, 0, STATX_SIZE, &there) < 0)) log->oldest++;
  log_open_file(log);
}

int log_reopen(struct log *log) {
  log_retire(log);
  log->oldest = ++log->generation;
  return log_open_file(log);
}

static void remove_files(const struct log *log) {
  char name[280];
  for (u32 g = log->oldest; g <= log->generation; g++)
    if (log_name(log, g, name)) SYS(unlinkat, log->folder, name, 0);
}

int log_clear(struct log *log) {
  remove_files(log);
  return log_reopen(log);
}

void log_discard(struct log *log) {
  remove_files(log);
  log->readers = 0;
  log_retire(log);
  log_reader_forget(log, log->generation + 1);
  if (log->folder >= 0) SYS(close, log->folder);
  log->path = NULL;
}

// name.1 → name.2, then name → name.1: the rename over the last name drops the oldest file.
void log_rotate(struct log *log) {
  char from[280], to[280];
  if (log->max_files <= 1 && SYS(unlinkat, log->folder, base_name(log->path), 0) < 0) return;
  for (u32 number = log->max_files - 1; log->max_files > 1 && number > 0; number--)
    if (numbered(log, number - 1, from) && numbered(log, number, to))
      SYS(renameat2, log->folder, from, log->folder, to, 0);
  log_retire(log);
  log->generation++;
  u32 kept = log->max_files > 0 ? log->max_files - 1 : 0;
  if (log->oldest + kept < log->generation) log->oldest = log->generation - kept;
  log_open_file(log);
}
