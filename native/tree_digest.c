// DIGEST: a file's entry and the SHA-256 of its data, instead of the data.
#include <linux/poll.h>

#include "sha256.h"
#include "tree_read.h"

enum { CHUNK = 256 << 10, LOOK_UP = 64 << 20, MILLION = 1 << 20 };

static u8 chunk[CHUNK];

// Who asked may be gone: nobody waits for a file of hours then.
static void unless_gone(void) {
  struct pollfd p = {TREE_WIRE, POLLRDHUP, 0};
  u64 none[2] = {0, 0};
  if (SYS(ppoll, &p, 1, none, 0, 0) > 0) sys_exit(32);
}

// Up to `end`, and no further; answers where it stopped, before it where the file ends sooner.
static i64 hash_up_to(struct sha256 *s, int fd, u64 end) {
  while (s->length < end) {
    u64 left = end - s->length;
    long n = TREE_STEP("read", SYS(pread64, fd, chunk, left < CHUNK ? left : CHUNK, s->length));
    if (n == -EINTR) continue;
    if (n < 0) return n;
    if (n == 0) break;
    u64 before = s->length / LOOK_UP;
    sha256_add(s, chunk, (u64)n);
    if (s->length / LOOK_UP != before) unless_gone();
  }
  return (i64)s->length;
}

static void put_digest(struct sha256 *s) {
  u8 digest[SHA256_DIGEST];
  sha256_end(s, digest);
  tree_put_begin(TREE_FRAME_DIGEST);
  tree_put_string((const char *)digest, sizeof digest);
  tree_put_end();
}

// As READ does: what a file has lost while it was read is zeros.
static long send_digest(int fd, u64 size) {
  struct sha256 s;
  long file = tree_reopen_data(fd);
  if (file < 0) return file;
  sha256_begin(&s, 1);
  i64 r = hash_up_to(&s, (int)file, size);
  SYS(close, file);
  if (r < 0) return (long)r;
  memset(chunk, 0, s.length < size ? sizeof chunk : 0);
  while (s.length < size) sha256_add(&s, chunk, size - s.length < CHUNK ? size - s.length : CHUNK);
  put_digest(&s);
  // Its answer is not kept back for those of the requests behind it.
  if (size > MILLION) tree_flush();
  return 0;
}

long tree_digest(int root, struct tree_cursor *c, const char **failed_path) {
  const char *path = *failed_path = tree_take_string(c);
  if (c->bad) return -EBADMSG;
  struct statx st;
  long fd = tree_open_entry(root, path, TREE_FLAG_STRAIGHT, &st);
  if (fd < 0) return fd;
  int kind = tree_kind_of(&st);
  long r = tree_send_entry((int)fd, &st, kind, "", "");
  if (r >= 0 && kind == TREE_KIND_FILE) r = send_digest((int)fd, st.stx_size);
  SYS(close, fd);
  return r;
}
