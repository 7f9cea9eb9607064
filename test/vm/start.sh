#!/bin/sh
# Pid 1 of the disk: a host with cgroup v2 alone, as systemd leaves one, or with v1 alone, then the checks. Their lines go
# to the second port.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
cgroups_v2() {
  $b mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
  # As systemd places a login's processes: not in the root, which alone may hold processes beside controllers.
  $b mkdir -p /sys/fs/cgroup/user.slice/session.scope
  echo 1 >/sys/fs/cgroup/user.slice/session.scope/cgroup.procs
}
# Two controllers share a hierarchy, twice, as systemd mounted them.
cgroups_v1() {
  $b mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  for controllers in cpu,cpuacct cpuset memory devices freezer blkio pids hugetlb net_cls,net_prio rdma; do
    $b mkdir /sys/fs/cgroup/$controllers
    $b mount -t cgroup -o $controllers cgroup /sys/fs/cgroup/$controllers || $b rmdir /sys/fs/cgroup/$controllers
  done
}
if $b grep -q cgroup_no_v1 /proc/cmdline; then cgroups_v2; else cgroups_v1; fi
$b mkdir -p /dev/pts /dev/shm
$b mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
$b mount -t tmpfs tmpfs /dev/shm
$b mount -t tmpfs tmpfs /run
$b mount --make-rshared /
$b ln -sf /proc/self/fd /dev/fd
$b ip link set lo up
$b hostname machine
/checks.sh 2>&1 >/dev/ttyS1 | $b cat >/dev/ttyS0
$b sync
$b poweroff -f
