// What the operations on cgroups share.
#ifndef INRO_CGROUP_H
#define INRO_CGROUP_H

#include "operate.h"

enum { BELOW = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };

// A hierarchy's mount point, checked to be one.
long cgroup_hierarchy(struct record *r, const char *path);
// A small file, terminated. Its bytes, or -errno.
long cgroup_read(struct record *r, i32 folder, const char *name, char *to, size_t size);

// ── cgroup_walk.c ──
// The first child of a folder, or the one that follows the child with this inode. 1, 0: there is none, or -errno.
long cgroup_child(i32 folder, u64 after, char name[256]);
// `at` becomes its child of that name, or "..". 0 or -errno.
long cgroup_go(struct record *r, i32 *at, const char *name);
// `at` becomes the next folder of the tree that it was the root of at `depth` 0. 1, 0: that was all, or -errno.
long cgroup_next(struct record *r, i32 *at, u32 *depth);

#endif
