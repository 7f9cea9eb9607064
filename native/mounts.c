// Operations on mounts. Nothing is mounted by path but the overlay, whose names are the engine's own (R1).
#include "mounts.h"

long attach_tree(struct record *r, i32 tree, i32 target) {
  return CALL(r, move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

long clone_tree(struct record *r, i32 from, const char *path, u32 flags) {
  return CALL(r, open_tree, from, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

long op_clone_tree(struct execution *e, const struct op_clone_tree *o, struct record *r) {
  u32 flags = o->recursive ? ABI_AT_RECURSIVE : 0;
  long tree;
  if (o->root == NO_SLOT) tree = clone_tree(r, AT_FDCWD, o->path, flags);
  else {
    long source = open_beneath(r, slot_of(e, o->root), o->path, ABI_O_PATH, IN_ROOT);
    if (source < 0) return source;
    tree = clone_tree(r, (i32)source, "", flags | ABI_AT_EMPTY_PATH);
    SYS(close, source);
  }
  if (tree < 0) return tree;
  struct statx info;
  long done = file_mode(r, (i32)tree, &info);
  if (done < 0) {
    SYS(close, tree);
    return done;
  }
  r->value = info.stx_mode;
  return slot_set(e, o->out, tree);
}

struct place {
  const char *path;
  u32 magic;
};

static long place_errand(struct record *r, const void *about) {
  const struct place *place = about;
  struct abi_statfs fs;
  long tree = clone_tree(r, AT_FDCWD, place->path, ABI_AT_SYMLINK_NOFOLLOW);
  if (tree < 0) return tree;
  long done = CALL(r, fstatfs, tree, &fs);
  if (done == 0 && (u32)fs.type == place->magic) return tree;
  SYS(close, tree);
  return done < 0 ? done : -ESTALE;
}

// R14: not to be traced by whom the namespace belongs to, however long it takes.
long op_clone_tree_in(struct execution *e, const struct op_clone_tree_in *o, struct record *r) {
  struct place place = {.path = o->path, .magic = o->magic};
  long dumpable = SYS(prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
  SYS(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  long tree = run_in_namespace(r, slot_of(e, o->ns), "/proc/self/ns/mnt", CLONE_NEWNS, (struct errand){place_errand, &place});
  SYS(prctl, PR_SET_DUMPABLE, dumpable > 0, 0, 0, 0);
  return slot_set(e, o->out, tree);
}

// One option: "key=value" or a flag "key". <linux/mount.h>, fsconfig commands 0, 1 and 6.
static long configure(struct record *r, i32 fs, const char *option) {
  char key[256];
  size_t n = 0;
  while (option[n] && option[n] != '=') n++;
  if (n >= sizeof key) return -ENAMETOOLONG;
  memcpy(key, option, n);
  key[n] = 0;
  if (!option[n]) return CALL(r, fsconfig, fs, FSCONFIG_SET_FLAG, key, 0, 0);
  return CALL(r, fsconfig, fs, FSCONFIG_SET_STRING, key, option + n + 1, 0);
}

static long configure_all(struct record *r, i32 fs, const char **options) {
  long done = 0;
  for (; done >= 0 && *options; options++) {
    done = configure(r, fs, *options);
    if (done < 0) {
      detail(r, *options);
      detail(r, ": ");
    }
  }
  return done;
}

// A file system context tells in words what it did not like ("e tmpfs: Bad value for 'size'").
static void kernel_words(struct record *r, i32 fs) {
  char text[DETAIL_SIZE];
  long n = SYS(read, fs, text, sizeof text - 1);
  if (n <= 0) return;
  if (text[n - 1] == '\n') n--;
  text[n] = 0;
  detail(r, n > 2 && text[1] == ' ' ? text + 2 : text);
}

long new_mount(struct record *r, const char *fstype, const char *source, const char **options, u32 attributes) {
  long fs = CALL(r, fsopen, fstype, FSOPEN_CLOEXEC);
  if (fs < 0) return fs;
  char device[LOOP_NAME];
  long loop = loop_device(r, source, attributes & MOUNT_ATTR_RDONLY, device);
  if (loop >= 0) source = device;
  long done = loop < 0 && loop != -ENOTBLK ? loop : 0;
  if (done >= 0 && *source) done = CALL(r, fsconfig, fs, FSCONFIG_SET_STRING, "source", source, 0);
  if (done >= 0) done = configure_all(r, (i32)fs, options);
  if (done >= 0) done = CALL(r, fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (done >= 0) done = CALL(r, fsmount, fs, FSMOUNT_CLOEXEC, attributes);
  if (done < 0) kernel_words(r, (i32)fs);
  SYS(close, fs);
  if (loop >= 0) SYS(close, loop);
  return done;
}

long op_fs_mount(struct execution *e, const struct op_fs_mount *o, struct record *r) {
  return slot_set(e, o->out, new_mount(r, o->fstype, o->source, o->options.at, o->attributes));
}

// mount(2) takes at most one page of options.
struct overlay_options {
  char text[4096];
  size_t n;
  int bad;
};

static void add(struct overlay_options *to, const char *text) {
  size_t n = strlen(text);
  if (to->n + n >= sizeof to->text) {
    to->bad = -E2BIG;
    return;
  }
  memcpy(to->text + to->n, text, n);
  to->n += n;
  to->text[to->n] = 0;
}

// Names are the engine's own and short; what would need escaping in the option string is refused (R24).
static void add_name(struct overlay_options *to, const char *name) {
  if (!*name) to->bad = -EINVAL;
  for (const char *at = name; *at; at++)
    if (*at == ',' || *at == ':' || *at == '\\') to->bad = -EINVAL;
  add(to, name);
}

long op_overlay(struct execution *e, const struct op_overlay *o, struct record *r) {
  struct overlay_options options = {.n = 0, .bad = 0};
  options.text[0] = 0;
  for (u32 i = 0; i < o->lower.count; i++) {
    add(&options, i ? ":" : "lowerdir=");
    add_name(&options, o->lower.at[i]);
  }
  if (*o->upper) {
    add(&options, ",upperdir=");
    add_name(&options, o->upper);
    add(&options, ",workdir=");
    add_name(&options, o->work);
  }
  for (const char **option = o->options.at; *option; option++) {
    add(&options, ",");
    add(&options, *option);
  }
  if (options.bad) return options.bad;
  long done = CALL(r, chdir, o->folder);
  if (done >= 0) done = CALL(r, mount, "overlay", o->mountpoint, "overlay", *o->upper ? 0 : MS_RDONLY, options.text);
  if (done >= 0) done = CALL(r, openat, AT_FDCWD, o->mountpoint, ABI_O_PATH | ABI_O_DIRECTORY | ABI_O_NOFOLLOW | ABI_O_CLOEXEC, 0);
  SYS(chdir, "/");
  return slot_set(e, o->out, done);
}

static long set_attributes(struct record *r, i32 mount, struct mount_attr attr, int recursive) {
  u32 flags = ABI_AT_EMPTY_PATH | (recursive ? ABI_AT_RECURSIVE : 0);
  return CALL(r, mount_setattr, mount, "", flags, &attr, sizeof attr);
}

long op_set_tree(struct execution *e, const struct op_set_tree *o, struct record *r) {
  struct mount_attr attr = {.attr_set = o->set, .attr_clr = o->clear, .propagation = o->propagation};
  return set_attributes(r, slot_of(e, o->tree), attr, o->recursive);
}

long op_set_propagation(struct execution *e, const struct op_set_propagation *o, struct record *r) {
  (void)e;
  return CALL(r, mount, "", "/", "", (u64)o->propagation | MS_REC, 0);
}

// SECURITY.md R1, R5: what lies under /proc, /sys and /dev is a real folder, whatever the image says. `destination`: the
// same numbers in every operation.
static long open_target(struct record *r, i32 root, const char *path, u8 destination) {
  int real = destination != ATTACH_DESTINATION_IN_ROOT;
  int directory = destination == ATTACH_DESTINATION_REAL_DIRECTORY;
  return open_beneath(r, root, path, ABI_O_PATH | (directory ? ABI_O_DIRECTORY : 0), real ? REAL : IN_ROOT);
}

long op_attach(struct execution *e, const struct op_attach *o, struct record *r) {
  long target = open_target(r, slot_of(e, o->root), o->path, o->destination);
  if (target < 0) return target;
  long done = attach_tree(r, slot_of(e, o->tree), (i32)target);
  SYS(close, target);
  return done;
}

static long reconfigure(struct record *r, i32 mount, const char **options) {
  long fs = CALL(r, fspick, mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH | FSPICK_NO_AUTOMOUNT);
  if (fs < 0) return fs;
  long done = configure_all(r, (i32)fs, options);
  if (done >= 0) done = CALL(r, fsconfig, fs, FSCONFIG_CMD_RECONFIGURE, 0, 0, 0);
  if (done < 0) kernel_words(r, (i32)fs);
  SYS(close, fs);
  return done;
}

// fspick(2) and mount_setattr(2) both refuse, with EINVAL, what is not the root of a mount.
long op_remount(struct execution *e, const struct op_remount *o, struct record *r) {
  long target = open_target(r, slot_of(e, o->root), o->path, o->destination);
  if (target < 0) return target;
  struct mount_attr attr = {.attr_set = o->set, .attr_clr = o->clear, .propagation = o->propagation};
  long done = set_attributes(r, (i32)target, attr, o->recursive);
  if (done >= 0 && o->options.count > 0) done = reconfigure(r, (i32)target, o->options.at);
  SYS(close, target);
  return done;
}

long op_pivot(struct execution *e, const struct op_pivot *o, struct record *r) {
  long done = CALL(r, fchdir, slot_of(e, o->root));
  // pivot_root(2), "pivot_root(".", ".")": the old root is stacked on the new one and detached from there.
  if (done >= 0) done = CALL(r, pivot_root, ".", ".");
  if (done >= 0) done = CALL(r, umount2, ".", ABI_MNT_DETACH);
  if (done >= 0) done = CALL(r, chdir, "/");
  return done;
}
