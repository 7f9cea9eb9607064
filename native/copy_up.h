// What the parts of `copyUp` share: a folder of the image into a tree that nobody can see yet.
#ifndef INRO_COPY_UP_H
#define INRO_COPY_UP_H

#include "operate.h"

enum {
  COPY_MOST_ENTRIES = 1 << 20,
  COPY_MOST_DEPTH = 128,
  COPY_MOST_LINKS = 1 << 14,
  COPY_PATHS = 1 << 20,
  COPY_XATTRS = 1 << 16,  // xattr(7): a list, and a value, are at most 64 KiB
};

// A folder that is being copied.
struct copy_level {
  i32 from, to;
  struct statx like;
  u32 path_length;  // of its own path in `path`
  u32 at, filled;   // in `names`
  u8 names[2048] __attribute__((aligned(8)));
};

// A file with several names, and the name of its copy.
struct copy_link {
  u64 inode, device;
  u32 path;  // offset in `paths`
};

struct copying {
  struct record *r;
  i32 tree;
  u64 mount;  // the source's: what is mounted below is not entered
  u32 entries, depth, links, paths_used;
  char path[4096];  // of the object in hand, beneath the tree
  struct copy_level levels[COPY_MOST_DEPTH];
  struct copy_link link[COPY_MOST_LINKS];
  char paths[COPY_PATHS];
  char names[COPY_XATTRS], value[COPY_XATTRS];
};

// Owner, mode, extended attributes and times of `like`; `from` and `to` are open for reading or writing.
long copy_dress(struct copying *c, i32 from, i32 to, const struct statx *like);
// Everything but a folder. `fd`: O_PATH of the original.
long copy_entry(struct copying *c, i32 fd, const struct statx *like, i32 folder, const char *name);

#endif
