// Links, devices and pipes of APPLY.
#include "tree_apply.h"

#define A tree_applying

// The target's folder is opened apart from the held ones, of which one is the link's own.
static long make_hardlink(const struct tree_parent *p, const char *name) {
  u32 cut = (u32)strlen(A.target);
  while (cut && A.target[cut - 1] != '/') cut--;
  if (cut) A.target[cut - 1] = 0;
  long from = TREE_STEP("openat2", tree_open_in(A.root, cut ? A.target : "", O_PATH | O_DIRECTORY, 0));
  if (cut) A.target[cut - 1] = '/';
  if (from < 0) return from;
  long r = TREE_STEP("linkat", SYS(linkat, from, A.target + cut, p->fd, name, 0));
  SYS(close, from);
  return r;
}

static long make_node(const struct tree_entry *e, const struct tree_parent *p, const char *name) {
  // include/linux/kdev_t.h, new_encode_dev: what mknod(2) takes.
  u32 device = (e->minor & 0xff) | (e->major << 8) | ((e->minor & ~0xffu) << 12);
  switch (e->kind) {
    case TREE_KIND_HARDLINK: return make_hardlink(p, name);
    case TREE_KIND_SYMLINK: return TREE_STEP("symlinkat", SYS(symlinkat, e->target, p->fd, name));
    case TREE_KIND_FIFO: return TREE_STEP("mknodat", SYS(mknodat, p->fd, name, S_IFIFO | (e->mode & 0777), 0));
    case TREE_KIND_CHARACTER: return TREE_STEP("mknodat", SYS(mknodat, p->fd, name, S_IFCHR | (e->mode & 0777), device));
    case TREE_KIND_BLOCK: return TREE_STEP("mknodat", SYS(mknodat, p->fd, name, S_IFBLK | (e->mode & 0777), device));
    default: return -EBADMSG;
  }
}

long tree_apply_node(const struct tree_entry *e, struct tree_parent *p, char *name) {
  int device = e->kind == TREE_KIND_CHARACTER || e->kind == TREE_KIND_BLOCK;
  tree_step = "mknodat";
  if (device && A.flags & TREE_FLAG_USERXATTR) return -EPERM;
  long r = make_node(e, p, name);
  if (r == -EEXIST) {
    if ((r = tree_clear_way(&p, A.full, &name)) < 0) return r;
    r = make_node(e, p, name);
  }
  return r < 0 || e->kind == TREE_KIND_HARDLINK ? r : tree_dress_node(e, p, name);
}
