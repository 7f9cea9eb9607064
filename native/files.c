// Operations on files: opening into slots, making nodes beneath a folder that the container cannot see yet.
#include "operate.h"

static u64 open_flags(u8 use) {
  switch (use) {
    case OPEN_PATH_USE_DIRECTORY: return ABI_O_PATH | ABI_O_DIRECTORY;
    case OPEN_PATH_USE_READ: return ABI_O_RDONLY | ABI_O_NOCTTY;
    case OPEN_PATH_USE_APPEND: return ABI_O_WRONLY | ABI_O_APPEND | ABI_O_NOCTTY;
    // Open for both, so that a read waits for the first writer instead of seeing the end.
    case OPEN_PATH_USE_FIFO: return ABI_O_RDWR | ABI_O_NOCTTY;
    default: return ABI_O_PATH;
  }
}

static long keep(struct execution *e, u16 slot, u8 use, long fd, struct record *r) {
  struct statx info;
  if (fd >= 0 && use == OPEN_PATH_USE_FIFO && (file_mode(r, (i32)fd, &info) < 0 || (info.stx_mode & ABI_S_IFMT) != 0010000)) {
    SYS(close, fd);
    return -ENOSTR;
  }
  return slot_set(e, slot, fd);
}

long op_open_path(struct execution *e, const struct op_open_path *o, struct record *r) {
  return keep(e, o->out, o->use, CALL(r, openat, AT_FDCWD, o->path, open_flags(o->use) | ABI_O_CLOEXEC, 0), r);
}

long op_open_beneath(struct execution *e, const struct op_open_beneath *o, struct record *r) {
  return keep(e, o->out, o->use, open_beneath(r, slot_of(e, o->root), o->path, open_flags(o->use), IN_ROOT), r);
}

long op_ensure_mountpoint(struct execution *e, const struct op_ensure_mountpoint *o, struct record *r) {
  i32 root = slot_of(e, o->root);
  long fd = open_beneath(r, root, o->path, ABI_O_PATH, IN_ROOT);
  if (fd == -ENOENT) return make_missing(r, root, o->path, o->mode, o->directory);
  if (fd < 0) return fd;
  struct statx info;
  long done = file_mode(r, (i32)fd, &info);
  SYS(close, fd);
  if (done < 0) return done;
  int directory = (info.stx_mode & ABI_S_IFMT) == ABI_S_IFDIR;
  return directory == o->directory ? 0 : directory ? -EISDIR : -ENOTDIR;
}

static long give(struct record *r, i32 folder, const char *name, u32 uid, u32 gid) {
  if (uid == 0 && gid == 0) return 0;
  return CALL(r, fchownat, folder, name, uid, gid, ABI_AT_SYMLINK_NOFOLLOW);
}

long op_make_directory(struct execution *e, const struct op_make_directory *o, struct record *r) {
  char name[256];
  long folder = open_parent(r, slot_of(e, o->root), o->path, REAL, name);
  if (folder < 0) return folder;
  long done = CALL(r, mkdirat, folder, name, o->mode);
  if (done >= 0) done = give(r, (i32)folder, name, o->uid, o->gid);
  SYS(close, folder);
  return done;
}

long op_make_file(struct execution *e, const struct op_make_file *o, struct record *r) {
  char name[256];
  long folder = open_parent(r, slot_of(e, o->root), o->path, REAL, name);
  if (folder < 0) return folder;
  long fd = CALL(r, openat, folder, name, ABI_O_WRONLY | ABI_O_CREAT | ABI_O_EXCL | ABI_O_NOFOLLOW | ABI_O_CLOEXEC, o->mode);
  SYS(close, folder);
  if (fd < 0) return fd;
  long done = 0;
  for (u32 at = 0; at < o->data.length && done >= 0; at += (u32)done) {
    done = CALL(r, write, fd, o->data.at + at, o->data.length - at);
    if (done == 0) done = -EIO;
  }
  SYS(close, fd);
  return done < 0 ? done : 0;
}

// config-linux.md, "Devices": a file that is there already has to be the device that is asked for.
static long is_node(struct record *r, i32 folder, const struct op_make_node *o, const char *name) {
  struct statx info;
  long done = CALL(r, statx, folder, name, ABI_AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &info);
  if (done < 0) return done;
  int same = (info.stx_mode & ABI_S_IFMT) == (o->mode & ABI_S_IFMT);
  int fifo = (o->mode & ABI_S_IFMT) == 0010000;
  if (same && (fifo || (info.stx_rdev_major == o->major && info.stx_rdev_minor == o->minor))) return 0;
  detail(r, "another file is there");
  return -EEXIST;
}

long op_make_node(struct execution *e, const struct op_make_node *o, struct record *r) {
  char name[256];
  long folder = open_parent(r, slot_of(e, o->root), o->path, REAL, name);
  if (folder < 0) return folder;
  long done = CALL(r, mknodat, folder, name, o->mode, device_number(o->major, o->minor));
  if (done == -EEXIST) done = is_node(r, (i32)folder, o, name);
  if (done >= 0) done = give(r, (i32)folder, name, o->uid, o->gid);
  SYS(close, folder);
  return done;
}

long op_make_link(struct execution *e, const struct op_make_link *o, struct record *r) {
  char name[256];
  long folder = open_parent(r, slot_of(e, o->root), o->path, REAL, name);
  if (folder < 0) return folder;
  long done = CALL(r, symlinkat, o->target, folder, name);
  SYS(close, folder);
  return done;
}

// The process whose procfs folder is meant: the child, when its parent writes for it.
static long proc_folder(struct execution *e, i32 proc, struct record *r) {
  return e->in_child || e->pid == 0 ? proc : open_process(r, proc, e->pid);
}

long op_write_proc(struct execution *e, const struct op_write_proc *o, struct record *r) {
  i32 proc = slot_of(e, o->proc);
  long folder = proc_folder(e, proc, r);
  if (folder < 0) return folder;
  long done = write_file(r, (i32)folder, o->path, o->data, IN_PROC, PROC_SUPER_MAGIC);
  if (folder != proc) SYS(close, folder);
  return o->optional ? tolerated(r, done) : done;
}
