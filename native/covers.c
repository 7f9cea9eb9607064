// What hides and locks parts of a container's tree: masks and read-only paths.
#include "mounts.h"

static int is_null_device(struct record *r, i32 fd) {
  struct statx info;
  return file_mode(r, fd, &info) == 0 && (info.stx_mode & ABI_S_IFMT) == ABI_S_IFCHR && info.stx_rdev_major == 1 && info.stx_rdev_minor == 3;
}

// The first masked folder is covered by a new tmpfs, the others by clones of it (a clone needs an attached original).
static long empty_folder(struct execution *e, struct record *r) {
  if (e->empty > 0) return clone_tree(r, e->empty, "", ABI_AT_EMPTY_PATH);
  static const char *options[] = {"ro", "size=0", "nr_inodes=1", NULL};
  return new_mount(r, "tmpfs", "tmpfs", options, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static long cover(struct record *r, long tree, i32 target) {
  if (tree < 0) return tree;
  return attach_tree(r, (i32)tree, target);
}

long op_mask(struct execution *e, const struct op_mask *o, struct record *r) {
  i32 null = slot_of(e, o->null);
  if (!is_null_device(r, null)) {
    detail(r, "the host's /dev/null is not character device 1:3");
    return -ENODEV;
  }
  long target = open_beneath(r, slot_of(e, o->root), o->path, ABI_O_PATH, IN_ROOT);
  if (target == -ENOENT || target == -ENOTDIR) {
    detail(r, "absent");
    return 0;
  }
  if (target < 0) return target;
  struct statx info;
  long done = file_mode(r, (i32)target, &info);
  int directory = done == 0 && (info.stx_mode & ABI_S_IFMT) == ABI_S_IFDIR;
  long tree = done < 0 ? done : directory ? empty_folder(e, r) : clone_tree(r, null, "", ABI_AT_EMPTY_PATH);
  done = cover(r, tree, (i32)target);
  SYS(close, target);
  if (done >= 0 && directory && e->empty <= 0) e->empty = (i32)tree;
  else if (tree >= 0) SYS(close, tree);
  return done;
}

long op_readonly_path(struct execution *e, const struct op_readonly_path *o, struct record *r) {
  long target = open_beneath(r, slot_of(e, o->root), o->path, ABI_O_PATH, IN_ROOT);
  if (target == -ENOENT || target == -ENOTDIR) {
    detail(r, "absent");
    return 0;
  }
  if (target < 0) return target;
  struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
  long tree = clone_tree(r, (i32)target, "", ABI_AT_EMPTY_PATH | ABI_AT_RECURSIVE), done = tree;
  if (done >= 0) done = CALL(r, mount_setattr, tree, "", ABI_AT_EMPTY_PATH | ABI_AT_RECURSIVE, &attr, sizeof attr);
  if (done >= 0) done = attach_tree(r, (i32)tree, (i32)target);
  if (tree >= 0) SYS(close, tree);
  SYS(close, target);
  return done;
}
