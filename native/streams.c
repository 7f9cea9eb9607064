// Operations on the standard streams: pipes, terminal, session.
#include "operate.h"

long op_pipes(struct execution *e, const struct op_pipes *o, struct record *r) {
  i32 ends[3][2];
  for (int i = o->stdin ? 0 : 1; i < 3; i++) {
    long done = CALL(r, pipe2, ends[i], ABI_O_CLOEXEC);
    if (done < 0) return done;
    e->child_streams[i] = ends[i][i == 0 ? 0 : 1];
    *(i == 0 ? &e->input : i == 1 ? &e->output : &e->errors) = ends[i][i == 0 ? 1 : 0];
  }
  if (o->stdin) return 0;
  e->child_streams[0] = (i32)CALL(r, openat, AT_FDCWD, "/dev/null", ABI_O_RDONLY | ABI_O_CLOEXEC, 0);
  return e->child_streams[0] < 0 ? e->child_streams[0] : 0;
}

long op_inherit_stdio(struct execution *e, const struct op_inherit_stdio *o, struct record *r) {
  (void)o;
  (void)r;
  for (int i = 0; i < 3; i++) e->child_streams[i] = i;
  return 0;
}

static int is_null(i32 fd) {
  struct statx info;
  if (SYS(statx, fd, "", ABI_AT_EMPTY_PATH, STATX_BASIC_STATS, &info) < 0) return 0;
  return (info.stx_mode & ABI_S_IFMT) == ABI_S_IFCHR && info.stx_rdev_major == 1 && info.stx_rdev_minor == 3;
}

// A /dev/null of the host's would lead out of the container (/proc/self/fd/0): its own takes its place.
static void own_null(i32 fd) {
  long null = SYS(openat, AT_FDCWD, "/dev/null", ABI_O_RDWR | ABI_O_NOFOLLOW | ABI_O_NOCTTY | ABI_O_CLOEXEC, 0);
  if (null < 0) return;
  if (is_null((i32)null)) SYS(dup3, null, fd, 0);
  SYS(close, null);
}

long op_stdio(struct execution *e, const struct op_stdio *o, struct record *r) {
  for (i32 i = 0; i < 3; i++) {
    i32 from = o->terminal ? e->peer : e->child_streams[i];
    // dup3 refuses equal numbers; 0 to 2 are never close-on-exec.
    long done = from == i ? 0 : CALL(r, dup3, from, i, 0);
    if (done < 0) return done;
    if (is_null(i)) own_null(i);
    else if (o->uid != 0) {
      // What cannot be given away (a read-only file system, another user's file) was the caller's choice.
      done = CALL(r, fchown, i, o->uid, -1);
      if (done < 0 && done != -EINVAL && done != -EPERM && done != -EROFS) return done;
    }
  }
  return 0;
}

long op_session(struct execution *e, const struct op_session *o, struct record *r) {
  (void)e;
  long done = CALL(r, setsid);
  if (done < 0 || !o->terminal) return done;
  return CALL(r, ioctl, 0, ABI_TIOCSCTTY, 0);
}

long op_terminal(struct execution *e, const struct op_terminal *o, struct record *r) {
  long master = open_beneath(r, slot_of(e, o->dev), "pts/ptmx", ABI_O_RDWR | ABI_O_NOCTTY, REAL);
  if (master < 0) return master;
  i32 unlocked = 0;
  struct abi_winsize size = {(u16)o->rows, (u16)o->columns, 0, 0};
  long done = CALL(r, ioctl, master, ABI_TIOCSPTLCK, &unlocked);
  if (done >= 0) done = CALL(r, ioctl, master, ABI_TIOCGPTPEER, ABI_O_RDWR | ABI_O_NOCTTY | ABI_O_CLOEXEC);
  if (done >= 0) e->peer = (i32)done;
  if (done >= 0 && o->rows > 0) done = CALL(r, ioctl, master, ABI_TIOCSWINSZ, &size);
  if (done >= 0) done = (r->step = __NR_sendmsg, sync_send_descriptor(e->child_sync, SYNC_MASTER, (i32)master));
  SYS(close, master);
  return done < 0 ? done : 0;
}

long op_console(struct execution *e, const struct op_console *o, struct record *r) {
  long target = open_beneath(r, slot_of(e, o->dev), "console", ABI_O_PATH, REAL);
  if (target < 0) return target;
  long tree = CALL(r, open_tree, e->peer, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | ABI_AT_EMPTY_PATH), done = tree;
  if (done >= 0) done = CALL(r, move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  if (tree >= 0) SYS(close, tree);
  SYS(close, target);
  return done;
}
