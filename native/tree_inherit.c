// INHERIT: a folder that a layer implies without an entry of its own looks as it did in the layers below.
#include "tree.h"

static int lower[TREE_BOUND_LOWER];
static u32 lowers;

long tree_lower(struct tree_cursor *c, const char **failed_path) {
  while (lowers) SYS(close, lower[--lowers]);
  for (u32 n = tree_take32(c); n--;) {
    const char *folder = *failed_path = tree_take_string(c);
    if (c->bad || lowers == TREE_BOUND_LOWER) return -EBADMSG;
    long fd = TREE_STEP("open lower", SYS(openat, AT_FDCWD, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd < 0) return fd;
    lower[lowers++] = (int)fd;
  }
  return 0;
}

// The uppermost lower folder that has the path decides; it counts only where it is a real folder there. Its descriptor, or
// -ENOENT.
static long find_below(const char *path) {
  struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  for (u32 i = 0; i < lowers; i++) {
    long fd = SYS(openat2, lower[i], path, &how, sizeof how);
    if (fd != -ENOENT) return fd < 0 ? -ENOENT : fd;
  }
  return -ENOENT;
}

static long dress_like(int to, int from, const struct statx *st) {
  struct tree_time both[2] = {{st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec}, {st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec}};
  long r = TREE_STEP("fchown", SYS(fchown, to, st->stx_uid, st->stx_gid));
  if (r >= 0) r = TREE_STEP("fchmod", SYS(fchmod, to, st->stx_mode & 07777));
  if (r >= 0) r = tree_copy_xattrs(from, to, ".");
  return r < 0 ? r : TREE_STEP("utimensat", SYS(utimensat, to, 0, both, 0));
}

long tree_inherit(int root, struct tree_cursor *c, const char **failed_path) {
  struct statx st;
  const char *path = *failed_path = tree_take_string(c);
  if (c->bad || tree_check_path(path) < 0) return -EBADMSG;
  long below = find_below(path);
  if (below < 0) return below == -ENOENT ? 0 : below;
  long r = TREE_STEP("statx", tree_stat_fd((int)below, &st));
  if (r >= 0 && (st.stx_mode & S_IFMT) == S_IFDIR) {
    r = TREE_STEP("openat2", tree_open_in(root, path, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS));
    long at = r;
    if (at >= 0) r = dress_like((int)at, (int)below, &st);
    if (at >= 0) SYS(close, at);
    else if (at == -ELOOP || at == -ENOTDIR || at == -ENOENT) r = 0;
  }
  SYS(close, below);
  return r < 0 ? r : 0;
}
