// SINK and POUR: files' data goes from the tree into a file of the engine's own, and nobody looks at it on the way.
#include "tree_read.h"

enum { FLUSH_AT = 8 << 20 };

static int sink = -1;

long tree_sink(struct tree_cursor *c, const char **failed_path) {
  return tree_hold(c, failed_path, O_WRONLY, &sink);
}

static long open_regular(int root, const char *path, u64 size) {
  struct statx st;
  long held = tree_open_entry(root, path, TREE_FLAG_STRAIGHT, &st);
  if (held < 0) return held;
  int is_there = tree_kind_of(&st) == TREE_KIND_FILE && st.stx_size >= size;
  long r = is_there ? tree_reopen_data((int)held) : TREE_STEP("size", -ESTALE);
  SYS(close, held);
  return r;
}

static long put(const u8 *p, u32 n, u64 at) {
  while (n) {
    long w = TREE_STEP("write", SYS(pwrite64, sink, p, n, at));
    if (w == -EINTR) continue;
    if (w <= 0) return w ? w : -EIO;
    p += w, at += (u64)w, n -= (u32)w;
  }
  return 0;
}

static u64 poured;

long tree_pour(int root, struct tree_cursor *c, const char **failed_path) {
  const char *path = *failed_path = tree_take_string(c);
  u64 at = tree_take64(c), size = tree_take64(c);
  u32 length;
  const u8 *before = tree_take_bytes(c, &length);
  if (c->bad || sink < 0 || at < length) return -EBADMSG;
  long file = open_regular(root, path, size);
  if (file < 0) return file;
  long r = put(before, length, at - length);
  if (r >= 0) r = tree_copy_range((int)file, 0, sink, (i64)at, (i64)size);
  SYS(close, file);
  // Others go on with what is there.
  if ((poured += size) >= FLUSH_AT) {
    tree_flush();
    poured = 0;
  }
  return r;
}
