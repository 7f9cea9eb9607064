// Subvolumes of btrfs, and quotas: of subvolumes, and of projects on ext4 and xfs.
#include <linux/btrfs.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>

#include "tree.h"

enum { LEAST_PROJECT = 1 << 20, TRIES = 64 };

// Every subvolume's root has this inode number (BTRFS_FIRST_FREE_OBJECTID); elsewhere the ioctl answers ENOTTY.
int tree_is_subvolume(const struct statx *st) { return st->stx_ino == 256 && (st->stx_mode & S_IFMT) == S_IFDIR; }

static long name_of(char *to, size_t size, const char *name) {
  size_t n = strlen(name);
  if (!n || n >= size) return -ENAMETOOLONG;
  for (size_t i = 0; i < n; i++)
    if (name[i] == '/') return -EINVAL;
  memcpy(to, name, n + 1);
  return 0;
}

long tree_subvolume_destroy(int in, const char *name) {
  static struct btrfs_ioctl_vol_args_v2 args;
  memset(&args, 0, sizeof args);
  long r = name_of(args.name, sizeof args.name, name);
  return r < 0 ? r : TREE_STEP("BTRFS_IOC_SNAP_DESTROY_V2", SYS(ioctl, in, BTRFS_IOC_SNAP_DESTROY_V2, &args));
}

long tree_subvolume(int root, struct tree_cursor *c, const char **failed_path) {
  static struct btrfs_ioctl_vol_args_v2 args;
  memset(&args, 0, sizeof args);
  const char *name = *failed_path = tree_take_string(c), *from = tree_take_string(c);
  if (c->bad || name_of(args.name, sizeof args.name, name) < 0) return -EBADMSG;
  long in = TREE_STEP("open", tree_reopen(root, O_RDONLY | O_DIRECTORY)), r;
  if (in < 0) return in;
  if (*from) {
    args.fd = r = TREE_STEP("open subvolume", SYS(openat, AT_FDCWD, from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (r >= 0) r = TREE_STEP("BTRFS_IOC_SNAP_CREATE_V2", SYS(ioctl, in, BTRFS_IOC_SNAP_CREATE_V2, &args));
    if (args.fd >= 0) SYS(close, args.fd);
  } else {
    r = TREE_STEP("BTRFS_IOC_SUBVOL_CREATE_V2", SYS(ioctl, in, BTRFS_IOC_SUBVOL_CREATE_V2, &args));
  }
  SYS(close, in);
  return r;
}

u32 tree_project_of(int folder) {
  struct fsxattr x;
  return SYS(ioctl, folder, FS_IOC_FSGETXATTR, &x) < 0 ? 0 : x.fsx_projid;
}

static long quota(int folder, u32 command, u32 project, struct fs_disk_quota *q) {
  return SYS(quotactl_fd, folder, QCMD(command, PRJQUOTA), project, q);
}

long tree_project_limit(int folder, u32 project, u64 bytes) {
  // In blocks of 512 bytes (linux/dqblk_xfs.h); 0 takes the limit away.
  struct fs_disk_quota q = {.d_version = FS_DQUOT_VERSION,
                            .d_flags = FS_PROJ_QUOTA,
                            .d_fieldmask = FS_DQ_BHARD | FS_DQ_BSOFT,
                            .d_id = project,
                            .d_blk_hardlimit = (bytes + 511) / 512,
                            .d_blk_softlimit = (bytes + 511) / 512};
  return TREE_STEP("Q_XSETQLIM", quota(folder, Q_XSETQLIM, project, &q));
}

// Drawn at random, so that two processes do not meet, and used by nothing: neither files nor a limit.
static long unused_project(int folder, u32 *project) {
  for (int i = 0; i < TRIES; i++) {
    struct fs_disk_quota q = {0};
    if (SYS(getrandom, project, sizeof *project, 0) != sizeof *project) return -EIO;
    *project = (*project & 0x7fffffff) | LEAST_PROJECT;
    long r = TREE_STEP("Q_XGETQUOTA", quota(folder, Q_XGETQUOTA, *project, &q));
    if (r == -ENOENT) return 0;
    if (r < 0) return r;
    if (!q.d_icount && !q.d_bcount && !q.d_blk_hardlimit) return 0;
  }
  return -EUSERS;
}

// Files that are made in the folder belong to its project, so it is set while the folder is empty.
static long join_project(int folder, u32 project) {
  struct fsxattr x;
  long r = TREE_STEP("FS_IOC_FSGETXATTR", SYS(ioctl, folder, FS_IOC_FSGETXATTR, &x));
  if (r < 0) return r;
  x.fsx_projid = project;
  x.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  return TREE_STEP("FS_IOC_FSSETXATTR", SYS(ioctl, folder, FS_IOC_FSSETXATTR, &x));
}

// Of what the subvolume holds alone: what it shares with its layer is the layer's.
static long limit_subvolume(int folder, u64 bytes) {
  struct statx st;
  long r = TREE_STEP("statx", tree_stat_fd(folder, &st));
  if (r < 0) return r;
  struct btrfs_ioctl_quota_ctl_args enable = {.cmd = BTRFS_QUOTA_CTL_ENABLE};
  struct btrfs_ioctl_qgroup_limit_args limit = {.lim = {.flags = BTRFS_QGROUP_LIMIT_MAX_EXCL, .max_excl = bytes}};
  tree_step = "BTRFS_IOC_QGROUP_LIMIT";
  if (!tree_is_subvolume(&st)) return -EOPNOTSUPP;
  r = TREE_STEP("BTRFS_IOC_QUOTA_CTL", SYS(ioctl, folder, BTRFS_IOC_QUOTA_CTL, &enable));
  if (r >= 0) r = TREE_STEP("BTRFS_IOC_QUOTA_RESCAN_WAIT", SYS(ioctl, folder, BTRFS_IOC_QUOTA_RESCAN_WAIT, 0));
  if (r < 0 && r != -EEXIST) return r;
  return TREE_STEP("BTRFS_IOC_QGROUP_LIMIT", SYS(ioctl, folder, BTRFS_IOC_QGROUP_LIMIT, &limit));
}

long tree_limit(int root, struct tree_cursor *c, const char **failed_path, u64 *project) {
  u64 bytes = tree_take64(c);
  u32 kind = tree_take32(c), n = tree_take32(c), id = 0;
  long r = 0;
  while (n-- && r >= 0) {
    const char *name = *failed_path = tree_take_string(c);
    if (c->bad || tree_check_path(name) < 0) return -EBADMSG;
    long fd = TREE_STEP("openat2", tree_open_in(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, RESOLVE_NO_SYMLINKS));
    if (fd < 0) return fd;
    if (kind == TREE_QUOTA_SUBVOLUME) {
      r = limit_subvolume((int)fd, bytes);
    } else {
      if (!id) r = unused_project((int)fd, &id);
      if (r >= 0) r = join_project((int)fd, id);
      if (r >= 0) r = tree_project_limit((int)fd, id, bytes);
    }
    SYS(close, fd);
  }
  *project = id;
  return r;
}
