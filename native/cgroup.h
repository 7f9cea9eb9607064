// What the operations on cgroups share.
#ifndef INRO_CGROUP_H
#define INRO_CGROUP_H

#include "operate.h"

enum { BELOW = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };

// A hierarchy's mount point, checked to be one.
long cgroup_hierarchy(struct record *r, const char *path);
// A small file, terminated. Its bytes, or -errno.
long cgroup_read(struct record *r, i32 folder, const char *name, char *to, size_t size);

#endif
