// See kills.h.
#include "kills.h"

#include "monitor_abi.h"
#include "monitor_request.h"

// cgroup v2, then v1 (since 4.13); both count `oom_kill`.
#define EVENTS "memory.events"
#define CONTROL "memory.oom_control"

enum { LOOK_MS = 10, LOOK_FOR_MS = 1000 };

static long open_file(const struct monitor *m, const char *name, u32 how) {
  return SYS(openat, m->memory_cgroup, name, how | ABI_O_CLOEXEC, 0);
}

static u64 number_after(const char *text, size_t n, const char *key) {
  size_t length = strlen(key);
  for (size_t at = 0; at + length < n; at++) {
    if ((at > 0 && text[at - 1] != '\n') || memcmp(text + at, key, length) != 0) continue;
    u64 value = 0;
    for (at += length; at < n && text[at] >= '0' && text[at] <= '9'; at++) value = value * 10 + (u64)(text[at] - '0');
    return value;
  }
  return 0;
}

u32 kills_count(const struct monitor *m) {
  static const char *const files[] = {EVENTS, CONTROL};
  char text[512];
  for (u32 f = 0; f < 2 && m->memory_cgroup >= 0; f++) {
    long fd = open_file(m, files[f], ABI_O_RDONLY);
    if (fd < 0) continue;
    long n = SYS(read, fd, text, sizeof text);
    SYS(close, fd);
    if (n > 0) return (u32)number_after(text, (size_t)n, "oom_kill ");
  }
  return 0;
}

// cgroup-v1/memcg_test.rst, "Memory thresholds" and "OOM control": `<eventfd> <file>` in cgroup.event_control.
static long ring_of_v1(const struct monitor *m) {
  long bell = SYS(eventfd2, 0, ABI_O_CLOEXEC | ABI_O_NONBLOCK);
  long file = open_file(m, CONTROL, ABI_O_RDONLY), control = open_file(m, "cgroup.event_control", ABI_O_WRONLY), done = -ENOENT;
  if (bell >= 0 && file >= 0 && control >= 0) {
    char text[32];
    size_t n = decimal(text, (u64)bell);
    text[n++] = ' ';
    n += decimal(text + n, (u64)file);
    done = SYS(write, control, text, n);
  }
  if (control >= 0) SYS(close, control);
  if (file >= 0) SYS(close, file);
  if (done < 0 && bell >= 0) SYS(close, bell);
  return done < 0 ? done : bell;
}

// Edge-triggered: each change rings once, and nothing has to be read to make it silent, nor is it when the cgroup has gone.
static void hang_bell(struct monitor *m) {
  long fd = open_file(m, EVENTS, ABI_O_RDONLY);
  if (fd < 0) fd = ring_of_v1(m);
  if (fd < 0) return;
  u32 watched = 0;
  monitor_watch(m, (i32)fd, WATCH_KILLS, EPOLLIN | EPOLLPRI | EPOLLET, &watched);
  m->kills.bell = (i32)fd + 1;
}

static void tell(struct monitor *m) {
  struct kills *k = &m->kills;
  struct client *waiter = k->waiter;
  u32 count = waiter == NULL ? 0 : kills_count(m);
  if (count == 0 || count <= k->known) return;
  struct answer a;
  put_frame_kills(answer_begin(&a, FRAME_KILLS, k->request), &(struct frame_kills){count});
  k->waiter = NULL;
  answer_send(m, waiter, &a);
}

int kills_await(struct monitor *m, struct client *waiter, u32 request, u32 known) {
  struct kills *k = &m->kills;
  if (m->memory_cgroup < 0 || m->over) return -ENOENT;
  if (k->bell == 0) hang_bell(m);
  k->waiter = waiter;
  k->request = request;
  k->known = known;
  tell(m);
  return 0;
}

void kills_event(struct monitor *m) { m->kills.look_until = monotonic_ms() + LOOK_FOR_MS; }

// v1 rings before it has chosen whom it kills (mm/memcontrol-v1.c, memcg1_oom_prepare).
int kills_look(struct monitor *m) {
  struct kills *k = &m->kills;
  if (k->look_until == 0 || k->waiter == NULL) return -1;
  tell(m);
  if (monotonic_ms() < k->look_until) return LOOK_MS;
  k->look_until = 0;
  return -1;
}

void kills_forget(struct monitor *m, struct client *c) {
  if (m->kills.waiter == c) m->kills.waiter = NULL;
}

void kills_close(struct monitor *m) {
  struct kills *k = &m->kills;
  tell(m);
  if (k->bell) SYS(close, k->bell - 1);
  *k = (struct kills){.bell = 0};
}
