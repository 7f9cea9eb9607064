// The kernel's ABI as the native program needs it: <linux/*.h> where they serve, and what they leave to a libc.
#ifndef INRO_ABI_H
#define INRO_ABI_H

#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#include "monitor_abi.h"

enum {
  ABI_AT_SYMLINK_NOFOLLOW = 0x100, ABI_AT_REMOVEDIR = 0x200, ABI_AT_EMPTY_PATH = 0x1000, ABI_AT_RECURSIVE = 0x8000,
  ABI_O_NOCTTY = 0400,
  ABI_S_IFMT = 0170000, ABI_S_IFDIR = 0040000, ABI_S_IFCHR = 0020000, ABI_S_IFREG = 0100000, ABI_S_IFLNK = 0120000,
  ABI_X_OK = 1, ABI_F_OK = 0,
  ABI_MNT_DETACH = 2,
  ABI_SOCK_RAW = 3, ABI_SOCK_SEQPACKET = 5, ABI_SOCK_CLOEXEC = 02000000,
  ABI_SCM_RIGHTS = 1, ABI_MSG_CMSG_CLOEXEC = 0x40000000,
  ABI_MAP_SHARED_ANONYMOUS = 0x21, ABI_MAP_FIXED = 0x10,
  ABI_POLLIN = 1, ABI_POLLOUT = 4, ABI_POLLRDHUP = 0x2000,
  ABI_SIGKILL = 9, ABI_SIGCHLD = 17,
  ABI_EINTR_RETRIES = 64,
};

enum { ABI_TIOCSCTTY = 0x540E, ABI_TIOCSPGRP = 0x5410, ABI_TIOCSWINSZ = 0x5414 };
#define ABI_TIOCSPTLCK 0x40045431u
#define ABI_TIOCGPTPEER 0x5441u

struct abi_winsize {
  u16 rows, columns, x, y;
};

// struct statfs of 64-bit machines, of which only the type is wanted.
struct abi_statfs {
  long type;
  long rest[15];
};

// struct cmsghdr with one descriptor, as cmsg(3) lays it out on 64-bit machines.
struct abi_rights {
  size_t length;
  i32 level, type;
  i32 fd;
  i32 pad;
};

struct abi_pollfd {
  i32 fd;
  short events, revents;
};

#endif
