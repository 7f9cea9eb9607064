// ROOT: opens the folder that a session works beneath.
#include <linux/mount.h>
#include <linux/sched.h>

#include "tree.h"

static char *append(char *to, const char *end, const char *s) {
  size_t n = strlen(s);
  if (to + n >= end) return (char *)end;
  memcpy(to, s, n);
  return to + n;
}

// A volume of a stopped container; where its destination is absent there is nothing to see.
static long bind(int root, const char *source, const char *part, const char *destination) {
  enum { CLONE = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE };
  long tree, in = AT_FDCWD;
  if (!*part) tree = TREE_STEP("open_tree", SYS(open_tree, in, source, CLONE));
  else {
    long whole = TREE_STEP("open", SYS(openat, in, source, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (whole < 0) return whole;
    in = TREE_STEP("openat2", tree_open_in((int)whole, part, O_PATH, 0));
    SYS(close, whole);
    if (in < 0) return in;
    tree = TREE_STEP("open_tree", SYS(open_tree, in, "", CLONE | AT_EMPTY_PATH));
    SYS(close, in);
  }
  if (tree < 0) return tree;
  long at = TREE_STEP("openat2", tree_open_in(root, destination, O_PATH, 0));
  long r = at == -ENOENT ? 0 : at;
  if (at >= 0) {
    r = TREE_STEP("move_mount", SYS(move_mount, tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
    SYS(close, at);
  }
  SYS(close, tree);
  return r;
}

// What is mounted is so in a mount namespace of this process alone, so that it is gone with the process.
static long enter_namespace(void) {
  long r = TREE_STEP("unshare", SYS(unshare, CLONE_NEWNS));
  return r < 0 ? r : TREE_STEP("mount private", SYS(mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0));
}

static long open_bound(const char *path, struct tree_cursor *c) {
  u32 binds = tree_take32(c);
  long r, root = TREE_STEP("open", SYS(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  for (u32 i = 0; root >= 0 && i < binds; i++) {
    const char *source = tree_take_string(c), *part = tree_take_string(c), *destination = tree_take_string(c);
    if (c->bad) return -EBADMSG;
    if ((r = bind((int)root, source, part, destination)) < 0) return r;
  }
  return root;
}

static long open_overlay(struct tree_cursor *c) {
  const char *folder = tree_take_string(c), *lower = tree_take_string(c), *upper = tree_take_string(c);
  const char *work = tree_take_string(c), *mountpoint = tree_take_string(c);
  static char options[4096];
  char *p = options, *end = options + sizeof options;
  p = append(append(p, end, "lowerdir="), end, lower);
  // overlayfs.rst, "Multiple lower layers": without an upper folder it is read-only.
  if (*upper) {
    p = append(append(p, end, ",upperdir="), end, upper);
    p = append(append(p, end, ",workdir="), end, work);
  }
  if (c->bad) return -EBADMSG;
  if (p == end) return -E2BIG;
  *p = 0;
  long r;
  if ((r = enter_namespace()) < 0) return r;
  if ((r = TREE_STEP("chdir", SYS(chdir, folder))) < 0) return r;
  u32 flags = *upper ? 0 : MS_RDONLY;
  if ((r = TREE_STEP("mount overlay", SYS(mount, "overlay", mountpoint, "overlay", flags, options))) < 0) return r;
  return open_bound(mountpoint, c);
}

static long open_process(u32 pid) {
  char path[32] = "/proc/", digits[12];
  int n = 0, at = 6;
  do digits[n++] = (char)('0' + pid % 10);
  while (pid /= 10);
  while (n) path[at++] = digits[--n];
  memcpy(path + at, "/root", 6);
  return TREE_STEP("open", SYS(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static long open_file_system(struct tree_cursor *c) {
  enum { MOST_OPTIONS = 64 };
  const char *options[MOST_OPTIONS + 1] = {0};
  const char *fstype = tree_take_string(c), *source = tree_take_string(c);
  u32 n = tree_take32(c);
  if (n > MOST_OPTIONS) return -E2BIG;
  for (u32 i = 0; i < n; i++) options[i] = tree_take_string(c);
  return c->bad ? -EBADMSG : TREE_STEP("mount", tree_file_system(fstype, source, options));
}

int tree_root_open(struct tree_cursor *c) {
  switch (tree_take32(c)) {
    case TREE_ROOT_FOLDER: {
      const char *path = tree_take_string(c);
      if (c->bad || path[0] != '/') return -EBADMSG;
      return (int)TREE_STEP("open", SYS(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
    case TREE_ROOT_FILE_SYSTEM: return (int)open_file_system(c);
    case TREE_ROOT_PROCESS: return (int)open_process(tree_take32(c));
    case TREE_ROOT_OVERLAY: return (int)open_overlay(c);
    case TREE_ROOT_BOUND: {
      const char *path = tree_take_string(c);
      long r = c->bad || path[0] != '/' ? -EBADMSG : enter_namespace();
      return (int)(r < 0 ? r : open_bound(path, c));
    }
    default: return -EBADMSG;
  }
}
