// A file system in a file: mounted from a loop device that the kernel takes away when nothing has it mounted any more
// (LO_FLAGS_AUTOCLEAR). A file that has a device already is mounted from that one: two would spoil it.
#include <linux/loop.h>

#include "mounts.h"

enum { LOOP_MOST = 256, LOOP_TRIES = 16, LOOP_MAJOR_BITS = 8, FLOCK_EX = 2, FLOCK_UN = 8 };

static void name_of(char name[LOOP_NAME], u32 number) {
  char digits[12];
  size_t n = 0, at = 9;
  memcpy(name, "/dev/loop", at);
  do digits[n++] = (char)('0' + number % 10);
  while (number /= 10);
  while (n) name[at++] = digits[--n];
  name[at] = 0;
}

// include/linux/kdev_t.h, huge_encode_dev.
static u64 device_of(const struct statx *st) {
  u64 minor = st->stx_dev_minor;
  return (minor & 0xff) | ((u64)st->stx_dev_major << LOOP_MAJOR_BITS) | ((minor & ~0xffull) << 12);
}

static long open_device(struct record *r, const char *name, int read_only) {
  return CALL(r, openat, AT_FDCWD, name, (read_only ? ABI_O_RDONLY : ABI_O_RDWR) | ABI_O_CLOEXEC, 0);
}

// The device that has the file already, opened.
static long known(struct record *r, const struct statx *file, int read_only, char name[LOOP_NAME]) {
  for (u32 i = 0; i < LOOP_MOST; i++) {
    struct loop_info64 info;
    name_of(name, i);
    long fd = open_device(r, name, read_only);
    if (fd < 0) continue;
    if (CALL(r, ioctl, fd, LOOP_GET_STATUS64, &info) >= 0 && info.lo_inode == file->stx_ino &&
        info.lo_device == device_of(file))
      return fd;
    SYS(close, fd);
  }
  return -ENOENT;
}

static long fresh(struct record *r, i32 file, int read_only, char name[LOOP_NAME]) {
  struct loop_config config;
  memset(&config, 0, sizeof config);
  config.fd = (u32)file;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
  long control = CALL(r, openat, AT_FDCWD, "/dev/loop-control", ABI_O_RDWR | ABI_O_CLOEXEC, 0), fd = control;
  for (int i = 0; control >= 0 && i < LOOP_TRIES; i++) {
    fd = CALL(r, ioctl, control, LOOP_CTL_GET_FREE, 0);
    if (fd < 0) break;
    name_of(name, (u32)fd);
    if ((fd = open_device(r, name, read_only)) < 0) break;
    long done = CALL(r, ioctl, fd, LOOP_CONFIGURE, &config);
    if (done >= 0) break;
    SYS(close, fd);
    fd = done;
    // Somebody else has taken it meanwhile.
    if (done != -EBUSY) break;
  }
  if (control >= 0) SYS(close, control);
  return fd;
}

long loop_device(struct record *r, const char *path, int read_only, char name[LOOP_NAME]) {
  struct statx st;
  if (*path != '/') return -ENOTBLK;
  long file = CALL(r, openat, AT_FDCWD, path, ABI_O_PATH | ABI_O_CLOEXEC, 0);
  // What is missing is the file system's to say.
  if (file < 0) return -ENOTBLK;
  long done = file_mode(r, (i32)file, &st);
  SYS(close, file);
  if (done < 0 || (st.stx_mode & ABI_S_IFMT) != ABI_S_IFREG) return done < 0 ? done : -ENOTBLK;
  file = CALL(r, openat, AT_FDCWD, path, (read_only ? ABI_O_RDONLY : ABI_O_RDWR) | ABI_O_CLOEXEC, 0);
  if (file < 0) return file;
  // Of two that look for its device at once, the second finds what the first has made.
  done = CALL(r, flock, file, FLOCK_EX);
  if (done >= 0) done = known(r, &st, read_only, name);
  if (done == -ENOENT) done = fresh(r, (i32)file, read_only, name);
  // The device holds the same open file, and would keep it locked.
  CALL(r, flock, file, FLOCK_UN);
  SYS(close, file);
  return done;
}
