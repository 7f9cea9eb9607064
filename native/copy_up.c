// `copyUp`: a folder of the image becomes the first content of a tmpfs (config.md, `tmpcopyup`). The image may be
// hostile and may change meanwhile: every object is held by an O_PATH descriptor before it is looked at, names are
// single components that are never followed, and nothing is entered that is mounted below (R1, R6).
#include "copy_up.h"

struct dirent64 {
  u64 inode;
  i64 offset;
  u16 length;
  u8 type;
  char name[];
};

static int is_dots(const char *name) { return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])); }

// The next name in a folder; NULL at its end, or with an error.
static const char *next_name(struct copying *c, struct copy_level *l, long *error) {
  for (;;) {
    if (l->at >= l->filled) {
      long n = CALL(c->r, getdents64, l->from, l->names, sizeof l->names);
      if (n <= 0) {
        *error = n;
        return NULL;
      }
      l->at = 0;
      l->filled = (u32)n;
    }
    struct dirent64 *entry = (struct dirent64 *)(l->names + l->at);
    l->at += entry->length;
    if (!is_dots(entry->name)) return entry->name;
  }
}

// Both descriptors become the level's.
static long enter(struct copying *c, i32 from, i32 to, const struct statx *like) {
  if (c->depth == COPY_MOST_DEPTH) {
    SYS(close, from);
    SYS(close, to);
    return -ELOOP;
  }
  struct copy_level *l = &c->levels[c->depth++];
  l->from = from;
  l->to = to;
  l->like = *like;
  l->path_length = (u32)strlen(c->path);
  l->at = l->filled = 0;
  return 0;
}

static void leave(struct copying *c) {
  struct copy_level *l = &c->levels[--c->depth];
  SYS(close, l->from);
  SYS(close, l->to);
  c->path[c->depth ? c->levels[c->depth - 1].path_length : 0] = 0;
}

// A mount point stays an empty folder.
static long copy_folder(struct copying *c, i32 fd, const struct statx *like, i32 folder, const char *name) {
  struct record *r = c->r;
  int below = like->stx_mnt_id != c->mount;
  long done = CALL(r, mkdirat, folder, name, below ? like->stx_mode & 07777 : 0700);
  if (done < 0 || below) return done;
  long from = CALL(r, openat, fd, ".", ABI_O_RDONLY | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (from < 0) return from;
  long to = CALL(r, openat, folder, name, ABI_O_RDONLY | ABI_O_DIRECTORY | ABI_O_NOFOLLOW | ABI_O_CLOEXEC, 0);
  if (to >= 0) return enter(c, (i32)from, (i32)to, like);
  SYS(close, from);
  return to;
}

static long add_to_path(struct copying *c, u32 length, const char *name) {
  u32 n = (u32)strlen(name);
  if (length + n + 2 > sizeof c->path) return -ENAMETOOLONG;
  if (length) c->path[length++] = '/';
  memcpy(c->path + length, name, n + 1);
  return 0;
}

static long look(struct record *r, i32 fd, struct statx *out) {
  return CALL(r, statx, fd, "", ABI_AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, out);
}

static long copy_one(struct copying *c, struct copy_level *l, const char *name) {
  struct statx like;
  if (++c->entries > COPY_MOST_ENTRIES) return -E2BIG;
  long done = add_to_path(c, l->path_length, name);
  if (done < 0) return done;
  long fd = CALL(c->r, openat, l->from, name, ABI_O_PATH | ABI_O_NOFOLLOW | ABI_O_CLOEXEC, 0);
  // It went away since it was listed.
  if (fd == -ENOENT) return 0;
  if (fd < 0) return fd;
  done = look(c->r, (i32)fd, &like);
  int folder = (like.stx_mode & ABI_S_IFMT) == ABI_S_IFDIR;
  if (done >= 0 && folder) done = copy_folder(c, (i32)fd, &like, l->to, name);
  else if (done >= 0 && like.stx_mnt_id == c->mount) done = copy_entry(c, (i32)fd, &like, l->to, name);
  SYS(close, fd);
  return done;
}

// Deepest first, so that a folder's times are set when nothing in it changes any more.
static long walk(struct copying *c, int dress_top) {
  long done = 0;
  while (done >= 0 && c->depth > 0) {
    struct copy_level *l = &c->levels[c->depth - 1];
    const char *name = next_name(c, l, &done);
    if (name) done = copy_one(c, l, name);
    else if (done >= 0) {
      if (c->depth > 1 || dress_top) done = copy_dress(c, l->from, l->to, &l->like);
      if (done >= 0) leave(c);
    }
  }
  if (done < 0) detail(c->r, c->path);
  while (c->depth > 0) leave(c);
  return done;
}

static long begin(struct copying *c, i32 source) {
  struct statx like;
  long done = look(c->r, source, &like);
  if (done < 0) return done;
  c->mount = like.stx_mnt_id;
  long from = CALL(c->r, openat, source, ".", ABI_O_RDONLY | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (from < 0) return from;
  long to = CALL(c->r, openat, c->tree, ".", ABI_O_RDONLY | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (to >= 0) return enter(c, (i32)from, (i32)to, &like);
  SYS(close, from);
  return to;
}

static long copy_mode(struct record *r, i32 source, i32 tree) {
  struct statx like;
  long done = look(r, source, &like);
  if (done < 0) return done;
  long to = CALL(r, openat, tree, ".", ABI_O_RDONLY | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  if (to < 0) return to;
  done = CALL(r, fchmod, to, like.stx_mode & 07777);
  SYS(close, to);
  return done;
}

static long copy_contents(struct record *r, i32 source, i32 tree, int dress_top) {
  struct copying *c = map_memory(sizeof *c);
  if (!c) return -ENOMEM;
  c->r = r;
  c->tree = tree;
  long done = begin(c, source);
  if (done >= 0) done = walk(c, dress_top);
  unmap_memory(c, sizeof *c);
  return done;
}

// ext2 and its heirs are made with a folder for what fsck(8) finds.
static long holds_something(struct record *r, i32 tree) {
  struct copying *c = map_memory(sizeof *c);
  if (!c) return -ENOMEM;
  struct copy_level *l = &c->levels[0];
  const char *name = "";
  c->r = r;
  long done = 0, in = CALL(r, openat, tree, ".", ABI_O_RDONLY | ABI_O_DIRECTORY | ABI_O_CLOEXEC, 0);
  l->from = (i32)in;
  while (in >= 0 && name && (!*name || str_equal(name, "lost+found"))) name = next_name(c, l, &done);
  if (in >= 0) SYS(close, in);
  unmap_memory(c, sizeof *c);
  if (in < 0) return in;
  return name ? 1 : done;
}

long op_copy_up(struct execution *e, const struct op_copy_up *o, struct record *r) {
  long source = open_beneath(r, slot_of(e, o->root), o->path, ABI_O_PATH | ABI_O_DIRECTORY, IN_ROOT);
  if (source == -ENOENT) {
    detail(r, "absent");
    return 0;
  }
  if (source < 0) return source;
  i32 tree = slot_of(e, o->tree);
  long held = o->what == COPY_UP_WHAT_INITIAL ? holds_something(r, tree) : 0;
  if (held) {
    if (held > 0) detail(r, "holds something");
    SYS(close, source);
    return held < 0 ? held : 0;
  }
  int dress_top = o->what == COPY_UP_WHAT_ALL || o->what == COPY_UP_WHAT_INITIAL;
  long done = o->what == COPY_UP_WHAT_MODE ? copy_mode(r, (i32)source, tree)
                                           : copy_contents(r, (i32)source, tree, dress_top);
  SYS(close, source);
  return done;
}
