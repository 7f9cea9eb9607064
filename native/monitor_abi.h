// Numbers of the kernel's ABI that the monitor needs and that <linux/*.h> leaves to libc.
#ifndef INRO_MONITOR_ABI_H
#define INRO_MONITOR_ABI_H

#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/signal.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/un.h>

#include "sys.h"

enum {
  ABI_O_RDONLY = 0, ABI_O_WRONLY = 1, ABI_O_RDWR = 2, ABI_O_CREAT = 0100, ABI_O_EXCL = 0200, ABI_O_TRUNC = 01000,
  ABI_O_APPEND = 02000, ABI_O_NONBLOCK = 04000, ABI_O_CLOEXEC = 02000000, ABI_O_PATH = 010000000,
#if defined(__aarch64__)
  ABI_O_DIRECTORY = 040000, ABI_O_NOFOLLOW = 0100000,
#else
  ABI_O_DIRECTORY = 0200000, ABI_O_NOFOLLOW = 0400000,
#endif
  ABI_AF_UNIX = 1, AF_INET_ = 2, ABI_SOCK_STREAM = 1, ABI_SOL_SOCKET = 1, ABI_SO_PEERCRED = 17, ABI_SO_SNDTIMEO = 21,
  ABI_MSG_PEEK = 2, ABI_MSG_DONTWAIT = 0x40, ABI_MSG_NOSIGNAL = 0x4000, ABI_SHUT_RD = 0, ABI_SHUT_WR = 1,
  ABI_PROT_RW = 3, ABI_MAP_PRIVATE_ANONYMOUS = 0x22, ABI_MADV_DONTNEED = 4, ABI_MADV_REMOVE = 9,
  ABI_SIG_BLOCK = 0, ABI_SIG_SETMASK = 2, ABI_WNOHANG = 1, ABI_SEEK_END = 2,
};

struct abi_iovec {
  const void *base;
  size_t length;
};

struct abi_msghdr {
  void *name;
  i32 name_length;
  struct abi_iovec *iov;
  size_t iov_count;
  void *control;
  size_t control_length;
  u32 flags;
};

struct abi_ucred {
  i32 pid;
  u32 uid, gid;
};

static inline void set_nonblocking(i32 fd) {
  if (fd < 0) return;
  long flags = SYS(fcntl, fd, F_GETFL, 0);
  if (flags >= 0) SYS(fcntl, fd, F_SETFL, flags | ABI_O_NONBLOCK);
}

#endif
