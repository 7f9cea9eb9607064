#!/bin/sh
# Pid 1 of the disk: a host with cgroup v2 alone, as systemd leaves one, then the checks. Their lines go to the second port.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
$b mkdir -p /dev/pts /dev/shm
$b mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
$b mount -t tmpfs tmpfs /dev/shm
$b mount -t tmpfs tmpfs /run
$b mount --make-rshared /
$b ln -sf /proc/self/fd /dev/fd
$b ip link set lo up
$b hostname machine
# As systemd places a login's processes: not in the root, which alone may hold processes beside controllers.
$b mkdir -p /sys/fs/cgroup/user.slice/session.scope
echo 1 >/sys/fs/cgroup/user.slice/session.scope/cgroup.procs
/checks.sh 2>&1 >/dev/ttyS1 | $b cat >/dev/ttyS0
$b sync
$b poweroff -f
