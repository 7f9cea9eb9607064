// What the operations on mounts share.
#ifndef INRO_MOUNTS_H
#define INRO_MOUNTS_H

#include "operate.h"

// Onto an opened target.
long attach_tree(struct record *r, i32 tree, i32 target);
// A detached clone of the mount at `path`, or with AT_EMPTY_PATH of `from` itself.
long clone_tree(struct record *r, i32 from, const char *path, u32 flags);
// A new detached mount. `options`: "key=value" or "key", NULL at the end.
long new_mount(struct record *r, const char *fstype, const char *source, const char **options, u32 attributes);

// loop.c: the device, opened, of a file that a file system is in, and its name; -ENOTBLK where `path` is no such file.
enum { LOOP_NAME = 24 };
long loop_device(struct record *r, const char *path, int read_only, char name[LOOP_NAME]);

#endif
