// A regular file of APPLY: made anew, filled from the data frames, dressed.
#include "tree_apply.h"

#define A tree_applying

static long write_frame(int fd, u32 left) {
  while (left) {
    u32 n;
    const u8 *p = tree_payload_part(left, &n);
    left -= n;
    while (n) {
      long w = TREE_STEP("write", SYS(write, fd, p, n));
      if (w == -EINTR) continue;
      if (w <= 0) return w ? w : -EIO;
      p += w;
      n -= (u32)w;
    }
  }
  return 0;
}

static long write_data(int fd, u64 left) {
  struct tree_frame f;
  while (left) {
    if (!tree_frame_next(&f)) sys_exit(0);
    tree_step = "frame";
    if (f.type != TREE_FRAME_DATA || f.length > left) {
      A.ended = f.type == TREE_FRAME_END;
      return -EBADMSG;
    }
    left -= f.length;
    long r = write_frame(fd, f.length);
    if (r < 0) return r;
  }
  return 0;
}

static long create(const struct tree_entry *e, const struct tree_parent *p, const char *name) {
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  return TREE_STEP("openat", SYS(openat, p->fd, name, flags, e->mode & 0777));
}

long tree_apply_file(struct tree_entry *e, struct tree_parent *p, char *name) {
  static u8 xattrs[TREE_BOUND_ENTRY_FRAME];  // the data's frames overwrite the entry's
  long r, fd = create(e, p, name);
  if (fd == -EEXIST) {
    if ((r = tree_clear_way(&p, A.full, &name)) < 0) return r;
    fd = create(e, p, name);
  }
  if (fd < 0) return fd;
  if (e->xattr_count) {
    size_t n = (size_t)(e->xattrs.end - e->xattrs.at);
    memcpy(xattrs, e->xattrs.at, n);
    e->xattrs = (struct tree_cursor){xattrs, xattrs + n, 0};
  }
  r = write_data((int)fd, e->size);
  if (r >= 0) r = tree_shed_acl(p, name);
  if (r >= 0) r = tree_dress_file(e, p, (int)fd);
  SYS(close, fd);
  return r;
}
