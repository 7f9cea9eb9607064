// A regular file of APPLY: made anew, filled from the data frames, dressed.
#include "tree_apply.h"

#define A tree_applying

enum { BLOCK = 4096 };

// How much of it lies in one block.
static u32 in_block(u32 n, u64 at) {
  u32 left = BLOCK - (u32)(at % BLOCK);
  return n < left ? n : left;
}

// The file was empty: what is not written reads as zeros.
static int is_zeros(const u8 *p, u32 n) { return !p[0] && !memcmp(p, p + 1, n - 1); }

// Writes up to the next block of zeros, or passes over one; how far it came.
static long write_some(int fd, u64 at, const u8 *p, u32 n) {
  u32 end = n;
  if (A.flags & TREE_FLAG_HOLES) {
    end = in_block(n, at);
    if (is_zeros(p, end)) return end;
    for (u32 next; end < n; end += next) {
      next = in_block(n - end, at + end);
      if (is_zeros(p + end, next)) break;
    }
  }
  return TREE_STEP("write", SYS(pwrite64, fd, p, end, at));
}

static long write_frame(int fd, u64 at, u32 left) {
  while (left) {
    u32 n;
    const u8 *p = tree_payload_part(left, &n);
    left -= n;
    while (n) {
      long w = write_some(fd, at, p, n);
      if (w == -EINTR) continue;
      if (w <= 0) return w ? w : -EIO;
      p += w;
      at += (u64)w;
      n -= (u32)w;
    }
  }
  return 0;
}

static int source = -1;

long tree_source(struct tree_cursor *c, const char **failed_path) {
  return tree_hold(c, failed_path, O_RDONLY, &source);
}

// The part of the file that a frame brings: answers its length.
static long write_part(int fd, u64 at, u64 left, const struct tree_frame *f) {
  tree_step = "frame";
  if (f->type == TREE_FRAME_DATA && f->length <= left) {
    long r = write_frame(fd, at, f->length);
    return r < 0 ? r : (long)f->length;
  }
  if (f->type != TREE_FRAME_RANGE) {
    A.ended = f->type == TREE_FRAME_END;
    return -EBADMSG;
  }
  struct tree_cursor c = tree_payload(f);
  u64 offset = tree_take64(&c), length = tree_take64(&c);
  if (c.bad || length > left) return -EBADMSG;
  long r = tree_copy_range(source, (i64)offset, fd, (i64)at, (i64)length);
  return r < 0 ? r : (long)length;
}

static long write_data(int fd, u64 size) {
  struct tree_frame f;
  for (u64 at = 0; at < size;) {
    if (!tree_frame_next(&f)) sys_exit(0);
    long n = write_part(fd, at, size - at, &f);
    if (n < 0) return n;
    at += (u64)n;
  }
  // What ends with a hole has its length from here.
  return A.flags & TREE_FLAG_HOLES ? TREE_STEP("ftruncate", SYS(ftruncate, fd, size)) : 0;
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
