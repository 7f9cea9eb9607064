// Removes a name in a folder, with everything beneath it on the same file system.
#include <linux/fs.h>

#include "tree.h"

// REMOVE: what protects a file from its owner does not protect it from the engine.
static int thorough;

static long clear_flags(int fd) {
  u32 flags;
  long r = SYS(ioctl, fd, FS_IOC_GETFLAGS, &flags);
  if (r < 0 || !(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL))) return 0;
  flags &= ~(u32)(FS_IMMUTABLE_FL | FS_APPEND_FL);
  r = SYS(ioctl, fd, FS_IOC_SETFLAGS, &flags);
  return r < 0 ? r : 1;
}

// ioctl_iflags(2): neither an immutable file can be unlinked, nor what is in an immutable folder. Only regular files and
// folders have flags, and only those are safe to open.
static int unprotect(int folder, const char *name) {
  struct statx st;
  int cleared = clear_flags(folder) > 0;
  if (tree_stat_at(folder, name, &st) < 0) return cleared;
  u32 type = st.stx_mode & S_IFMT;
  if (type != S_IFREG && type != S_IFDIR) return cleared;
  long fd = SYS(openat, folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return cleared;
  cleared |= clear_flags((int)fd) > 0;
  SYS(close, fd);
  return cleared;
}

static long empty_folder(int folder, int depth);

// A mount in the way is neither entered nor removed: rmdir answers EBUSY.
static long remove_folder(int folder, const char *name, int depth) {
  long r = SYS(unlinkat, folder, name, AT_REMOVEDIR);
  if (r != -ENOTEMPTY && r != -EEXIST) return r;
  if (depth >= TREE_BOUND_DEPTH) return -ELOOP;
  struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
  long fd = SYS(openat2, folder, name, &how, sizeof how);
  if (fd < 0) return fd;
  struct statx st;
  if (thorough && tree_stat_fd((int)fd, &st) >= 0 && tree_is_subvolume(&st) && tree_subvolume_destroy(folder, name) >= 0)
    return SYS(close, fd), 0;
  u32 project = thorough && depth < 2 ? tree_project_of((int)fd) : 0;
  r = empty_folder((int)fd, depth + 1);
  SYS(close, fd);
  if (r >= 0) r = SYS(unlinkat, folder, name, AT_REMOVEDIR);
  if (r >= 0 && project && project != tree_project_of(folder)) tree_project_limit(folder, project, 0);
  return r;
}

static long remove_at(int folder, const char *name, int depth) {
  long r = SYS(unlinkat, folder, name, 0);
  if (r == -EPERM && thorough && unprotect(folder, name)) r = SYS(unlinkat, folder, name, 0);
  return r == -EISDIR ? remove_folder(folder, name, depth) : r;
}

// Removing while listing may skip names (getdents64 gives no promise), so the folder is listed until it is empty.
static long empty_folder(int folder, int depth) {
  u8 names[2048] __attribute__((aligned(8)));
  for (;;) {
    long n, removed = 0, r;
    SYS(lseek, folder, 0, 0);
    while ((n = SYS(getdents64, folder, names, sizeof names)) > 0) {
      for (long at = 0; at < n;) {
        const struct dirent64 *d = (const struct dirent64 *)(names + at);
        at += d->length;
        if (tree_is_dots(d->name)) continue;
        if ((r = remove_at(folder, d->name, depth)) < 0 && r != -ENOENT) return r;
        removed++;
      }
    }
    if (n < 0 || !removed) return n;
  }
}

long tree_remove(int folder, const char *name) { return TREE_STEP("unlinkat", remove_at(folder, name, 0)); }

long tree_discard(int root, struct tree_cursor *c, const char **failed_path) {
  const char *name = *failed_path = tree_take_string(c);
  if (c->bad || tree_check_path(name) < 0 || !*name) return -EBADMSG;
  long folder = TREE_STEP("open", tree_reopen(root, O_RDONLY | O_DIRECTORY));
  if (folder < 0) return folder;
  thorough = 1;
  long r = tree_remove((int)folder, name);
  thorough = 0;
  SYS(close, folder);
  return r == -ENOENT ? 0 : r;
}
