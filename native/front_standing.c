// What a front has to know of itself: where it stands, and where those are served who stand there too. See front.h.
#include "abi.h"
#include "front.h"

// A text that runs full is no text: its holder does without.
struct builder {
  char *to;
  size_t length, room;
  int full;
};

static void add(struct builder *b, const char *from, size_t n) {
  if (b->full || n >= b->room - b->length) {
    b->full = 1;
    return;
  }
  memcpy(b->to + b->length, from, n);
  b->length += n;
  b->to[b->length] = 0;
}

static void add_text(struct builder *b, const char *text) { add(b, text, strlen(text)); }

static void add_number(struct builder *b, u64 number) {
  char digits[21];
  number_text(digits, number);
  add_text(b, digits);
  add_text(b, " ");
}

static int starts_with(const char *text, const char *with) {
  while (*with && *text == *with) text++, with++;
  return !*with;
}

static long read_file(const char *path, char *to, size_t room) {
  long fd = SYS(openat, AT_FDCWD, path, ABI_O_RDONLY | ABI_O_CLOEXEC, 0);
  if (fd < 0) return fd;
  long n = SYS(read, fd, to, room - 1);
  SYS(close, fd);
  if (n >= 0) to[n] = 0;
  return n == (long)room - 1 ? -E2BIG : n;
}

// proc_pid_status(5): credentials, capabilities, and what else of a process decides what it may do and what it makes.
static int add_status(struct builder *b) {
  static const char *const wanted[] = {"Umask:", "Uid:", "Gid:", "Groups:", "Cap", "NoNewPrivs:", "Seccomp:"};
  static char status[STANDING_LIMIT];
  if (read_file("/proc/self/status", status, sizeof status - 16) < 0) return -EIO;
  for (char *line = status; *line;) {
    char *end = line;
    while (*end && *end != '\n') end++;
    // A filter that was inherited cannot be compared with another.
    if (starts_with(line, "Seccomp:") && end[-1] != '0') b->full = 1;
    for (u32 i = 0; i < sizeof wanted / sizeof *wanted; i++)
      if (starts_with(line, wanted[i])) add(b, line, (size_t)(end - line) + 1);
    line = *end ? end + 1 : end;
  }
  return 0;
}

static const char *const namespaces[] = {"mnt", "user", "pid", "net", "ipc", "uts", "cgroup", "time"};

static long namespace_of(const char *process, const char *name, char to[64]) {
  char path[64] = "/proc/";
  struct builder b = {path, 6, sizeof path, 0};
  add_text(&b, process);
  add_text(&b, "/ns/");
  add_text(&b, name);
  long n = SYS(readlinkat, AT_FDCWD, path, to, 63);
  to[n < 0 ? 0 : n] = 0;
  return n;
}

static void add_namespaces(struct builder *b) {
  char own[64];
  for (u32 i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
    // A kernel without a kind of namespace has but one of it.
    namespace_of("self", namespaces[i], own);
    add_text(b, own);
    add_text(b, " ");
  }
}

int front_lasts(void) {
  char own[64], first[64];
  for (u32 i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
    namespace_of("self", namespaces[i], own);
    namespace_of("1", namespaces[i], first);
    if (!str_equal(own, first)) return 0;
  }
  return 1;
}

static void add_root(struct builder *b) {
  struct statx info;
  if (SYS(statx, AT_FDCWD, "/", 0, STATX_INO | 0x1000 /* STATX_MNT_ID */, &info) < 0) b->full = 1;
  add_number(b, info.stx_mnt_id);
  add_number(b, info.stx_dev_major);
  add_number(b, info.stx_dev_minor);
  add_number(b, info.stx_ino);
}

// The label of a security module, where there is one.
static void add_label(struct builder *b) {
  char label[1024];
  if (read_file("/proc/self/attr/current", label, sizeof label) > 0) add_text(b, label);
}

// Bun's executable lies beside this one, whatever links led here. Its identity changes when it is replaced.
static int find_program(struct front *f, struct builder *identity) {
  struct builder b = {f->program, 0, sizeof f->program, 0};
  struct statx info;
  long n = SYS(readlinkat, AT_FDCWD, "/proc/self/exe", f->program, sizeof f->program - 8);
  if (n <= 0 || n >= (long)sizeof f->program - 8) return -ENAMETOOLONG;
  while (n > 0 && f->program[n - 1] != '/') n--;
  b.length = (size_t)n;
  add_text(&b, "inro");
  if (SYS(statx, AT_FDCWD, f->program, 0, STATX_INO | STATX_CTIME, &info) < 0) return 0;
  add_number(identity, info.stx_dev_major);
  add_number(identity, info.stx_dev_minor);
  add_number(identity, info.stx_ino);
  add_number(identity, (u64)info.stx_ctime.tv_sec);
  add_number(identity, info.stx_ctime.tv_nsec);
  return 0;
}

// FNV-1a. What it says is compared in full by who answers: a name is no proof.
static void add_hash(struct builder *b, const char *text) {
  u64 hash = 0xcbf29ce484222325u;
  for (; *text; text++) hash = (hash ^ (u8)*text) * 0x100000001b3u;
  for (int shift = 60; shift >= 0; shift -= 4) add(b, &"0123456789abcdef"[hash >> shift & 15], 1);
}

// INRO_WARM: 0 for a Bun of one's own each time, or a folder in which sockets may be made; without it only root, whose
// folder nobody else can make.
static const char *place_of(char **envp) {
  const char *asked = SYS(geteuid) == 0 ? "/run/inro/warm" : "";
  for (; *envp; envp++)
    if (starts_with(*envp, "INRO_WARM=")) asked = *envp + strlen("INRO_WARM=");
  return asked[0] == '/' ? asked : "";
}

int front_look(struct front *f, char **envp) {
  struct builder standing = {f->standing, 0, sizeof f->standing, 0};
  struct builder folder = {f->folder, 0, sizeof f->folder, 0};
  char text[256] = "";
  struct builder identity = {text, 0, sizeof text, 0};
  if (find_program(f, &identity) < 0) return -ENOENT;
  const char *place = place_of(envp);
  if (!*place) return 0;
  if (add_status(&standing) < 0) return -EIO;
  add_namespaces(&standing);
  add_root(&standing);
  add_label(&standing);
  if (standing.full) return 0;
  add_text(&folder, place);
  add_text(&folder, "/");
  add_hash(&folder, text);
  add_text(&folder, "-");
  add_hash(&folder, f->standing);
  if (folder.full) f->folder[0] = 0;
  return 0;
}
