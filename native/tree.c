// The role `inro-tree`: one session on descriptor 3.
#include <linux/close_range.h>
#include <linux/prctl.h>
#include <linux/resource.h>

#include "tree.h"

static void answer_done(u64 value) {
  tree_put_begin(TREE_FRAME_DONE);
  tree_put64(value);
  tree_put_end();
}

static void answer_failed(long error, const char *path) {
  tree_put_begin(TREE_FRAME_FAILED);
  tree_put32((u32)-error);
  tree_put_string(tree_step, (u32)strlen(tree_step));
  tree_put_string(path, (u32)strlen(path));
  tree_put_end();
}

static long sync_path(int root, struct tree_cursor *c, const char **failed_path) {
  const char *path = *failed_path = tree_take_string(c);
  if (c->bad) return -EBADMSG;
  long fd = TREE_STEP("openat2", tree_open_in(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_NO_SYMLINKS));
  if (fd < 0) return fd;
  long r = *path ? TREE_STEP("fsync", SYS(fsync, fd)) : TREE_STEP("syncfs", SYS(syncfs, fd));
  SYS(close, fd);
  return r;
}

static void serve(int root) {
  struct tree_frame f;
  while (tree_frame_next(&f)) {
    struct tree_cursor c = tree_payload(&f);
    const char *path = "";
    u64 value = 0;
    long r = -EBADMSG;
    tree_step = "frame";
    switch (f.type) {
      case TREE_FRAME_STAT: r = tree_stat(root, &c, &path); break;
      case TREE_FRAME_READ: r = tree_read(root, &c, &path); break;
      case TREE_FRAME_APPLY: r = tree_apply(root, &c, &path, &value); break;
      case TREE_FRAME_SOURCE: r = tree_source(&c, &path); break;
      case TREE_FRAME_LOWER: r = tree_lower(&c, &path); break;
      case TREE_FRAME_INHERIT: r = tree_inherit(root, &c, &path); break;
      case TREE_FRAME_SYNC: r = sync_path(root, &c, &path); break;
      case TREE_FRAME_COPY: r = tree_copy(root, &c, &path); break;
      case TREE_FRAME_CHANGES: r = tree_changes(root, &c, &path); break;
      case TREE_FRAME_REMOVE: r = tree_discard(root, &c, &path); break;
      case TREE_FRAME_SUBVOLUME: r = tree_subvolume(root, &c, &path); break;
      case TREE_FRAME_SINK: r = tree_sink(&c, &path); break;
      case TREE_FRAME_POUR: r = tree_pour(root, &c, &path); break;
      case TREE_FRAME_DIGEST: r = tree_digest(root, &c, &path); break;
      case TREE_FRAME_LIMIT: r = tree_limit(root, &c, &path, &value); break;
    }
    if (r < 0) answer_failed(r, path);
    if (r < 0 && f.type == TREE_FRAME_APPLY) tree_apply_drop();
    if (r >= 0) answer_done(value);
  }
}

int inro_tree_main(void) {
  // A read holds one descriptor per level of the tree.
  u64 files[2] = {2048, 2048};
  // What it still would write after its starter was killed is in the way of whoever clears up.
  SYS(prctl, PR_SET_PDEATHSIG, 9 /* SIGKILL */, 0, 0, 0);
  SYS(prlimit64, 0, 7 /* RLIMIT_NOFILE */, files, 0);
  SYS(close_range, TREE_WIRE + 1, ~0u, 0);
  SYS(umask, 0);
  tree_wire_open(TREE_WIRE);
  struct tree_frame f;
  if (!tree_frame_next(&f) || f.type != TREE_FRAME_ROOT) return 71;
  struct tree_cursor c = tree_payload(&f);
  tree_step = "frame";
  int root = tree_root_open(&c);
  if (root < 0) {
    answer_failed(root, "");
    tree_flush();
    return 1;
  }
  answer_done(0);
  serve(root);
  return 0;
}
