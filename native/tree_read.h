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

int tree_kind_of(const struct statx *st);
// An O_PATH descriptor of what a path names by FOLLOW and STRAIGHT, and what that is.
long tree_open_entry(int root, const char *path, u32 flags, struct statx *st);
long tree_read_one(int fd, const struct statx *st, const char *path);

// tree_walk.c
long tree_reading_begin(void);
// Everything beneath the folder, whose own path takes `length` bytes of tree_reading.path, sorted by name.
long tree_walk(int fd, u32 length, u32 depth);
// The path by which this inode was read before, or 0; remembers it from now on.
const char *tree_linked_before(const struct statx *st, const char *path);


// The names in a folder, sorted; valid until they are forgotten, the last first.
struct tree_names {
  const char **sorted;
  long count;
  u64 mark;
};
long tree_names_of(int fd, struct tree_names *out);  // how many, or -errno
void tree_names_forget(const struct tree_names *n);
int tree_name_order(const char *a, const char *b);
// Appends a name to tree_reading.path, of which the first `length` bytes are its folder's; the new length, or -errno.
long tree_reading_enter(u32 length, const char *name);

#endif
