#!/bin/sh
# Runs in the machine, after the checks or alone: --storage-opt size by the project quotas of ext4 and xfs.
. /say.sh

fill='dd if=/dev/zero of=/big bs=1M count=30 2>&1; echo "exit $?"'
# limits MOUNT: projects that have a limit
limits() { xfs_quota -f -x -c 'report -p -n -N -b' "$1" 2>&1 | awk '$4 > 0' | wc -l; }

inro load -i /images/busybox.tar >&2
contains "a data root without project quota refuses a limit, and says what is missing" \
  "ext4 has no project quota at /var/lib/inro/containers/" "$(inro create --storage-opt size=10m busybox 2>&1)"
kill -TERM "$(cat /run/inro/inro.pid)"
within 10 sh -c '! kill -0 $(cat /run/inro/inro.pid)'

for type in ext4 xfs; do
  at=/quota/$type
  mkdir -p $at
  mount -t $type -o loop,prjquota /images/$type.img $at
  engine="inro --data-root $at/data --exec-root /run/$type"
  $engine load -i /images/busybox.tar >&2
  equal "$type: the driver that is found" overlay2 "$($engine info -f '{{.Driver}}')"
  $engine create --name one --storage-opt size=10m busybox sh -c "$fill" >&2
  $engine create --name two --storage-opt size=20m busybox sh -c "$fill" >&2
  equal "$type: inspect tells the limit" 10m "$($engine inspect -f '{{.HostConfig.StorageOpt.size}}' one)"
  contains "$type: a write beyond the limit fails" "exit 1" "$($engine start -a one)"
  contains "$type: each container has a project of its own" "exit 1" "$($engine start -a two)"
  # In MiB; a bit of it may be overlayfs's own.
  equal "$type: what it holds is its limit" "9 19" "$(for name in one two; do
    echo $((($($engine inspect -s -f '{{.SizeRw}}' $name) - 1) / 1048576)); done | xargs)"
  contains "$type: a container without a limit has none" "exit 0" "$($engine run --rm busybox sh -c "$fill")"
  kill -KILL "$(cat /run/$type/inro.pid)"
  contains "$type: the limit stays when the daemon starts again" "exit 1" "$($engine start -a one)"
  equal "$type: two projects have limits" 2 "$(limits $at)"
  $engine rm one two >&2
  within 10 sh -c "[ -z \"\$(ls $at/data/trash)\" ]"
  equal "$type: none when the containers are gone" 0 "$(limits $at)"
  kill -TERM "$(cat /run/$type/inro.pid)"
  within 10 sh -c "! kill -0 \$(cat /run/$type/inro.pid)"
  equal "$type: nothing holds the file system" 0 "$(code umount $at)"
done
echo end 0
