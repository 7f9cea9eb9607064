// What the parts of APPLY share: one entry, the folders that are held open, the destination.
#ifndef INRO_TREE_APPLY_H
#define INRO_TREE_APPLY_H

#include "tree.h"

struct tree_entry {
  u32 kind, mode, uid, gid;
  struct tree_time mtime;
  u32 major, minor;
  u64 size;
  const char *path, *target;
  u32 xattr_count;
  struct tree_cursor xattrs;
};

struct tree_parent {
  int fd;
  int setgid;  // what is made in it inherits its group (inode(7), "set-group-ID bit")
  int acl;     // and its default ACL (acl(5)), which a layer's entries did not ask for
  u32 length;
  char path[TREE_BOUND_PATH];
};

struct tree_applying {
  int root;
  u32 flags, uid, gid, own_uid, own_gid;
  u32 base;                        // length of the destination's path, which `full` begins with
  char full[2 * TREE_BOUND_PATH];  // destination and entry
  char target[2 * TREE_BOUND_PATH];
  char failed[TREE_BOUND_PATH];
  struct tree_arena times;
  int ended;  // the frame that ends this apply was taken
};
extern struct tree_applying tree_applying;

// tree_parent.c

// The folder in which path's last component stands, *name; `make` makes it where it is missing.
long tree_open_parent(char *path, int make, struct tree_parent **out, char **name);
void tree_forget_parents(void);
// Takes away what stands where an entry goes. It may have held open parents: the entry's own is opened anew.
long tree_clear_way(struct tree_parent **p, char *path, char **name);
long tree_set_opaque(int folder, const char *name);

// One entry each; `name` is its name in the held folder `p` (tree_file.c, tree_node.c)

long tree_apply_file(struct tree_entry *e, struct tree_parent *p, char *name);
long tree_apply_node(const struct tree_entry *e, struct tree_parent *p, char *name);

// tree_dress.c: owner, mode, extended attributes, times

// Takes from what was made just now the ACLs that it inherited; its mode is to be set anew.
long tree_shed_acl(const struct tree_parent *p, const char *name);
int tree_wants_owner(const struct tree_entry *e, const struct tree_parent *p);
// Of a regular file that is open and written.
long tree_dress_file(const struct tree_entry *e, const struct tree_parent *p, int fd);
// Of a folder; its time is set by tree_set_folder_times, since what is made in it changes it.
// `plain`: it was made just now and belongs to whom it should.
long tree_dress_folder(const struct tree_entry *e, int in, const char *name, int plain);
// Of links and nodes, which have no descriptor: by name in the held folder.
long tree_dress_node(const struct tree_entry *e, const struct tree_parent *p, const char *name);
long tree_set_folder_times(void);

#endif
