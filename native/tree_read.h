// What the parts of READ share.
#ifndef INRO_TREE_READ_H
#define INRO_TREE_READ_H

#include "tree.h"

struct tree_reading {
  u32 flags;
  u64 mount;                   // of the path that was asked for
  char path[TREE_BOUND_PATH];  // of the object in hand, relative to that path
};
extern struct tree_reading tree_reading;

long tree_read_one(int fd, const struct statx *st, const char *path);

// tree_walk.c
long tree_reading_begin(void);
// Everything beneath the folder, whose own path takes `length` bytes of tree_reading.path, sorted by name.
long tree_walk(int fd, u32 length, u32 depth);
// The path by which this inode was read before, or 0; remembers it from now on.
const char *tree_linked_before(const struct statx *st, const char *path);

#endif
