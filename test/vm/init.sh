#!/bin/sh
# Pid 1 of the initramfs: modules, then the disk. A container cannot pivot away from an initramfs (pivot_root(2)).
b=/bin/busybox
$b mount -t devtmpfs dev /dev
while read -r module; do $b insmod "/modules/$module" || echo "insmod $module failed"; done </modules/order
$b mount -t ext4 /dev/vda /disk || $b poweroff -f
$b mount --move /dev /disk/dev
exec $b switch_root /disk /start.sh
