// The role `inro-tree`: applies and reads file trees beneath a root descriptor, for layers and for cp.
// The protocol is drawn in src/image/tree/frames.ts.
//
// Laws (SECURITY.md R1, R6, R10, R11):
//  - A path from a frame is resolved with openat2 beneath the root, magic links refused; nothing is opened by an
//    absolute path but the root itself and what a request names of the engine's own.
//  - What is created is created O_EXCL and O_NOFOLLOW in a folder that is held open; what is in the way is unlinked there.
//  - A name's last component is never followed.
#ifndef INRO_TREE_H
#define INRO_TREE_H

#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "generated/tree.h"
#include "sys.h"

struct tree_time {
  i64 sec;
  i64 nsec;
};

// ---- the wire (tree_wire.c)

// One received frame's payload, read with bounds: after a read past the end `bad` is set and zeros are answered.
struct tree_cursor {
  const u8 *at, *end;
  int bad;
};

struct tree_frame {
  u32 length;  // of the payload
  u16 type;
};

enum { TREE_WIRE = 3 };
void tree_wire_open(int fd);
// Waits for the next frame's header; answers 0 when the other side has closed.
int tree_frame_next(struct tree_frame *f);
// The whole payload, contiguous; only for frames within TREE_BOUND_ENTRY_FRAME.
struct tree_cursor tree_payload(const struct tree_frame *f);
// The next part of a payload of any size: at most `most` bytes, at least one; *n tells how many.
const u8 *tree_payload_part(u32 most, u32 *n);
u32 tree_take32(struct tree_cursor *c);
u64 tree_take64(struct tree_cursor *c);
const char *tree_take_string(struct tree_cursor *c);
const u8 *tree_take_bytes(struct tree_cursor *c, u32 *n);

void tree_put_begin(u16 type);
void tree_put32(u32 value);
void tree_put64(u64 value);
void tree_put_string(const char *s, u32 n);
void tree_put_end(void);
void tree_put_drop(void);  // forgets the frame being written
// Room for a data frame of up to `most` bytes; tree_put_data_end(n) completes it, with n = 0 it is dropped.
u8 *tree_put_data(u32 most);
void tree_put_data_end(u32 n);
void tree_flush(void);

// ---- memory: a bump arena over one lazily paged mapping (tree_wire.c)

struct tree_arena {
  u8 *base;
  u64 used, size;
};
int tree_arena_open(struct tree_arena *a, u64 size);
void *tree_arena_take(struct tree_arena *a, u64 n);  // 0 when it is full

// ---- paths (tree_path.c)

// Which step failed, for the answer; set by TREE_STEP.
extern const char *tree_step;
#define TREE_STEP(name, call) (tree_step = (name), (call))

// 0 if the path is relative, without empty, "." and ".." components, and within the bounds; else -errno.
long tree_check_path(const char *path);
// openat2 with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS and `resolve`; an empty path is the root itself.
long tree_open_in(int root, const char *path, u64 flags, u64 resolve);
// A descriptor to read with of what an O_PATH descriptor names, and of nothing else.
long tree_reopen(int fd, int flags);
// The same to read a file's data with; its time of access stays, where that may be asked for (open(2), O_NOATIME).
long tree_reopen_data(int fd);
// Opens one of the engine's own files, whose path the request has, in place of the one that was held.
long tree_hold(struct tree_cursor *c, const char **failed_path, int flags, int *held);
long tree_stat_fd(int fd, struct statx *st);
long tree_stat_at(int folder, const char *name, struct statx *st);
// Removes name in folder, with everything beneath it on the same file system (tree_remove.c).
long tree_remove(int folder, const char *name);
// getdents64(2)
struct dirent64 {
  u64 ino;
  i64 off;
  u16 length;
  u8 type;
  char name[];
};
static inline int tree_is_dots(const char *name) {
  return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}
// "/proc/self/fd/<fd>" and, unless it is 0, "/name": the way to calls that have no *at form.
enum { TREE_PROC_NAME = 64 + 256 };
const char *tree_proc_name(char *out, int fd, const char *name);
// Of what an open descriptor names or, with a name, of that in the folder.
long tree_set_xattr(int fd, const char *name, const char *key, const void *value, u32 size);
// Of a name in one folder to the same name in another, which has none; "." is the folders themselves (tree_copy.c).
long tree_copy_xattrs(int from, int to, const char *name);
// Between two files; by reading and writing where the kernel cannot do it by itself.
long tree_copy_range(int from, i64 in, int to, i64 out, i64 length);
int tree_is_whiteout(const struct statx *st);
// Of a folder: overlayfs shows nothing of what lies below it. `name` as in tree_set_xattr.
int tree_is_opaque(int fd, const char *name);

// ---- requests

// tree_mount.c: a detached mount; `options`: "key=value" or "key", NULL at the end.
long tree_file_system(const char *fstype, const char *source, const char **options);
int tree_root_open(struct tree_cursor *c);  // the descriptor, or -errno
long tree_apply(int root, struct tree_cursor *c, const char **failed_path, u64 *count);
// Takes what is still sent of a failed apply, so that the sender never blocks.
void tree_apply_drop(void);
// The file that ranges are of, from now on.
long tree_source(struct tree_cursor *c, const char **failed_path);
// tree_pour.c
long tree_sink(struct tree_cursor *c, const char **failed_path);
long tree_pour(int root, struct tree_cursor *c, const char **failed_path);
// tree_digest.c
long tree_digest(int root, struct tree_cursor *c, const char **failed_path);
// The folders of the layers below, from now on.
long tree_lower(struct tree_cursor *c, const char **failed_path);
long tree_inherit(int root, struct tree_cursor *c, const char **failed_path);
long tree_read(int root, struct tree_cursor *c, const char **failed_path);
long tree_copy(int root, struct tree_cursor *c, const char **failed_path);
long tree_changes(int root, struct tree_cursor *c, const char **failed_path);
// Removes a name in the root whatever protects it: immutable files, subvolumes; and lets go of its quotas.
long tree_discard(int root, struct tree_cursor *c, const char **failed_path);
long tree_subvolume(int root, struct tree_cursor *c, const char **failed_path);
long tree_limit(int root, struct tree_cursor *c, const char **failed_path, u64 *project);
long tree_stat(int root, struct tree_cursor *c, const char **failed_path);
// Sends the entry frame of one object: its attributes, link target and extended attributes (tree_read.c).
long tree_send_entry(int fd, const struct statx *st, int kind, const char *path, const char *target);

// ---- quotas and subvolumes (tree_volume.c)

int tree_is_subvolume(const struct statx *st);
long tree_subvolume_destroy(int in, const char *name);
// The project of a folder, 0 for none.
u32 tree_project_of(int folder);
long tree_project_limit(int folder, u32 project, u64 bytes);  // 0: no limit

#endif
