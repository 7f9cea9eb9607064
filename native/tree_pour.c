// SINK and POUR: files' data goes from the tree into a file of the engine's own, and nobody looks at it on the way.
#include "tree_read.h"

static int sink = -1;

long tree_sink(struct tree_cursor *c, const char **failed_path) {
  const char *path = *failed_path = tree_take_string(c);
  if (c->bad) return -EBADMSG;
  if (sink >= 0) SYS(close, sink);
  long r = TREE_STEP("open", SYS(openat, AT_FDCWD, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  sink = r < 0 ? -1 : (int)r;
  return r;
}

static long open_regular(int root, const char *path, u64 size) {
  struct statx st;
  long held = TREE_STEP("openat2", tree_open_in(root, path, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS));
  if (held < 0) return held;
  long r = TREE_STEP("statx", tree_stat_fd((int)held, &st));
  if (r >= 0 && (tree_kind_of(&st) != TREE_KIND_FILE || st.stx_size < size)) r = TREE_STEP("size", -ESTALE);
  if (r >= 0) r = TREE_STEP("open", tree_reopen((int)held, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOATIME));
  if (r == -EPERM) r = TREE_STEP("open", tree_reopen((int)held, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  SYS(close, held);
  return r;
}

long tree_pour(int root, struct tree_cursor *c, const char **failed_path) {
  const char *path = *failed_path = tree_take_string(c);
  u64 at = tree_take64(c), size = tree_take64(c);
  if (c->bad || sink < 0) return -EBADMSG;
  long file = open_regular(root, path, size);
  if (file < 0) return file;
  long r = tree_copy_range((int)file, 0, sink, (i64)at, (i64)size);
  SYS(close, file);
  return r;
}
