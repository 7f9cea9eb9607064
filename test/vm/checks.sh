#!/bin/sh
# Runs in the machine: the whole executable.
. /say.sh

# Modules make some of their own (ifb).
interfaces=$(ls /sys/class/net)

busybox_run() { inro run --rm "$@" 2>&1; }
cgroup_of() { echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(inro inspect -f '{{.State.Pid}}' "$1")/cgroup")"; }
# page ADDRESS PORT: what a web server says (busybox-static's wget crashes: it is linked without its resolver)
page() { printf 'GET /file HTTP/1.0\r\n\r\n' | nc -w 5 "$1" "$2" 2>&1 | tail -n 1; }
asked() { busybox_run busybox sh -c "printf 'GET /file HTTP/1.0\r\n\r\n' | nc -w 5 $1 $2 | tail -n 1"; }

contains "hello runs" "ello" "$(busybox_run hello)"
equal "an image is loaded" 0 "$(code inro load -i /images/busybox.tar)"
equal "exit code 0" 0 "$(code inro run --rm busybox true)"
equal "exit code 7" 7 "$(code inro run --rm busybox sh -c 'exit 7')"
equal "exit code of a signal" 143 "$(code inro run --rm --init busybox sh -c 'kill -TERM $$; sleep 9')"
equal "exit code of a missing program" 127 "$(code inro run --rm busybox no-such-program)"
equal "standard input reaches it" "in" "$(echo in | inro run --rm -i busybox cat)"
equal "a terminal is one" "/dev/pts/0" "$(busybox_run -t busybox tty | tr -d '\r')"
contains "the image's files are there" "from the image" "$(busybox_run busybox cat /data/file)"
equal "its cgroup is its root" "0::/" "$(busybox_run busybox cat /proc/self/cgroup)"
contains "its cgroup mount is cgroup2 and read-only" "cgroup2 ro," "$(busybox_run busybox grep ' /sys/fs/cgroup ' /proc/mounts)"

inro run -d --name donor --ipc shareable busybox sh -c 'echo shared >/dev/shm/note; exec sleep 4711' >&2
contains "--pid container: sees its processes" "sleep 4711" "$(busybox_run --pid container:donor busybox sh -c "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")"
equal "--ipc container: has its shared memory" "shared" "$(busybox_run --ipc container:donor busybox cat /dev/shm/note)"
equal "and its cgroup is its own" "0::/" "$(busybox_run --pid container:donor busybox cat /proc/self/cgroup)"
inro run -d --name joiner --pid container:donor busybox sleep 600 >&2
inro kill donor >&2
equal "it ends with the namespace's first process" 137 "$(inro wait joiner)"
inro rm donor joiner >&2

inro run -d --name oom -m 32m --memory-swap 32m busybox tail /dev/zero >&2
equal "too much memory ends with 137" 137 "$(inro wait oom)"
equal "and is told as OOMKilled" "true" "$(inro inspect -f '{{.State.OOMKilled}}' oom)"
inro run -d --name oom-child -m 32m --memory-swap 32m busybox sh -c 'tail /dev/zero; exit 5' >&2
equal "a child that the OOM killer took leaves the container its exit code" 5 "$(inro wait oom-child)"
equal "a container that ended by itself is not OOMKilled unless its memory ran out" "true" "$(inro inspect -f '{{.State.OOMKilled}}' oom-child)"

inro run -d --name oom-on -m 32m --memory-swap 32m busybox sh -c 'tail /dev/zero; exec sleep 600' >&2
tries=0
until [ "$(inro inspect -f '{{.State.OOMKilled}}' oom-on)" = true ] || [ $((tries += 1)) -gt 100 ]; do sleep 0.1; done
equal "a container that goes on is OOMKilled when one of its processes was" "true true" "$(inro inspect -f '{{.State.Running}} {{.State.OOMKilled}}' oom-on)"
inro rm -f oom-on >&2
equal "and oom is told once" 1 "$(inro events --since 0 --until "$(date +%s)" --filter container=oom-on --filter event=oom | wc -l)"

inro run -d --name limits -m 64m --memory-swap 96m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --pids-limit 12 busybox sleep 600 >&2
at=$(cgroup_of limits)
equal "--cpus is cpu.max" "50000 100000" "$(cat "$at/cpu.max")"
equal "--memory is memory.max" 67108864 "$(cat "$at/memory.max")"
equal "--memory-swap is memory.swap.max, without the memory" 33554432 "$(cat "$at/memory.swap.max")"
equal "--memory-reservation is memory.low" 33554432 "$(cat "$at/memory.low")"
equal "--pids-limit is pids.max" 12 "$(cat "$at/pids.max")"
equal "--cpuset-cpus is cpuset.cpus" 0 "$(cat "$at/cpuset.cpus")"
equal "--cpu-shares is a weight between 1 and 10000" 59 "$(cat "$at/cpu.weight")"
equal "exec runs in the container" "in" "$(inro exec limits sh -c 'echo in')"
equal "exec's exit code" 9 "$(code inro exec limits sh -c 'exit 9')"
equal "exec is in the container's cgroup" "0::/" "$(inro exec limits cat /proc/self/cgroup)"
contains "--pids-limit holds" "fork" "$(inro exec limits sh -c 'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do sleep 5 & done' 2>&1)"
contains "stats are read" "limits" "$(inro stats --no-stream limits)"
contains "top lists its processes" "sleep 600" "$(inro top limits)"
inro exec limits dd if=/dev/zero of=/written bs=1M count=8 oflag=direct >&2
contains "stats tell what was written to disks" " / 8." "$(inro stats --no-stream --format '{{.BlockIO}}' limits)"
inro pause limits >&2
equal "pause freezes the cgroup" 1 "$(cat "$at/cgroup.freeze")"
inro unpause limits >&2
equal "unpause thaws it" 0 "$(cat "$at/cgroup.freeze")"
inro stop -t 1 limits >&2
equal "its cgroup is gone after the end" "gone" "$([ -e "$at" ] || echo gone)"

equal "the device filter lets /dev/null through" "0" "$(code inro run --rm busybox sh -c 'echo x >/dev/null && head -c 1 /dev/zero')"
contains "the device filter denies a disk, though its node can be made" "not permitted" "$(busybox_run busybox sh -c 'mknod /disk b 254 0 && head -c 1 /disk')"
contains "--device opens that disk" "1" "$(busybox_run --device /dev/vda:/dev/disk:r busybox sh -c 'head -c 1 /dev/disk | wc -c')"
contains "--device …:r does not let it be written" "not permitted" "$(busybox_run --device /dev/vda:/dev/disk:r busybox sh -c 'dd if=/dev/null of=/dev/disk conv=notrunc')"
contains "--privileged opens every device" "1" "$(busybox_run --privileged busybox sh -c 'mknod /disk b 254 0 && head -c 1 /disk | wc -c')"
contains "a device rule applies to exec too" "not permitted" "$(inro run -d --name held busybox sleep 600 >&2; inro exec held sh -c 'mknod /disk b 254 0; head -c 1 /disk' 2>&1)"
inro rm -f held >&2

inro run -d --name web -p 8080:80 busybox httpd -f -p 80 -h /data >&2
within 5 sh -c "echo | nc -w 1 127.0.0.1 8080"
contains "a published port answers on the loopback" "from the image" "$(page 127.0.0.1 8080)"
gateway=$(inro inspect -f '{{.NetworkSettings.Gateway}}' web)
contains "a published port answers on another of the host's addresses" "from the image" "$(page "$gateway" 8080)"
contains "a published port answers to another container" "from the image" "$(asked "$gateway" 8080)"
address=$(inro inspect -f '{{.NetworkSettings.IPAddress}}' web)
contains "containers reach each other" "from the image" "$(asked "$address" 80)"
equal "--network none has a loopback alone" "lo" "$(busybox_run --network none busybox ls /sys/class/net)"

inro network create named >&2
inro run -d --name db --network named --network-alias database busybox sleep 600 >&2
found() { inro run --rm --network named busybox nslookup -type=a "$1" 2>&1 | tail -n 2; }
contains "a container is found by its alias" "$(inro inspect -f '{{.NetworkSettings.Networks.named.IPAddress}}' db)" "$(found database)"
kill -KILL "$(cat /run/inro/inro.pid)"
contains "and after the daemon was killed" "$(inro inspect -f '{{.NetworkSettings.Networks.named.IPAddress}}' db)" "$(inro exec db nslookup -type=a db 2>&1 | tail -n 2)"
inro rm -f db >&2
inro network rm named >&2

inro network create --ipv6 --subnet fd00:6::/64 six >&2
inro run -d --name web6 --network six --ip6 fd00:6::80 -p 8086:80 busybox httpd -f -p 80 -h /data >&2
in_six() { inro run --rm --network six busybox sh -c "$1" 2>&1; }
contains "echo by IPv6 is answered" "1 packets received" "$(in_six 'ping6 -c 1 fd00:6::80')"
contains "a container is reached by IPv6" "from the image" "$(in_six "printf 'GET /file HTTP/1.0\\r\\n\\r\\n' | nc -w 30 fd00:6::80 80 | tail -n 1")"
contains "a name has an address of IPv6" "fd00:6::80" "$(in_six 'nslookup -type=aaaa web6 | tail -n 2')"
contains "a port is published on IPv6" "from the image" "$(page fd00:6::1 8086)"
contains "and on the host's loopback" "from the image" "$(page ::1 8086)"
inro rm -f web6 >&2
equal "a network of IPv6 goes" 0 "$(code inro network rm six)"

# Another host, at the other end of eth9's wire, with a VLAN on it.
ip link add eth9 type veth >&2
inro run -d --name outside --network none --privileged busybox sh -c 'until ip link set veth0 up; do usleep 10000; done
  ip link add link veth0 name veth0.10 type vlan id 10; ip link set veth0.10 up
  ip address add 10.9.0.1/24 dev veth0; ip address add 10.7.0.1/24 dev veth0.10; httpd -f -p 80 -h /data' >&2
ip link set veth0 netns "$(inro inspect -f '{{.State.Pid}}' outside)" >&2
ip link set eth9 up >&2
within 5 inro exec outside sh -c 'echo | nc -w 1 10.7.0.1 80'
on() { inro run --rm --network "$1" busybox sh -c "printf 'GET /file HTTP/1.0\\r\\n\\r\\n' | nc -w 30 $2 80 | tail -n 1" 2>&1; }
for mode in l2 l3 l3s; do
  inro network create -d ipvlan -o parent=eth9 -o ipvlan_mode=$mode --subnet 10.9.0.0/24 --gateway 10.9.0.1 lan >&2
  contains "ipvlan $mode reaches a host on the wire" "from the image" "$(on lan 10.9.0.1)"
  equal "ipvlan $mode goes with its network" 0 "$(code inro network rm lan)"
done
inro network create -d macvlan -o parent=eth9.10 --subnet 10.7.0.0/24 --gateway 10.7.0.1 vlan >&2
contains "macvlan above a VLAN reaches a host in it" "from the image" "$(on vlan 10.7.0.1)"
kill -KILL "$(cat /run/inro/inro.pid)"
contains "and after the daemon was killed" "from the image" "$(on vlan 10.7.0.1)"
equal "the VLAN goes with its network" "0 gone" "$(code inro network rm vlan) $([ -e /sys/class/net/eth9.10 ] || echo gone)"
inro rm -f outside >&2
within 5 sh -c '! [ -e /sys/class/net/eth9 ]'

kill -KILL "$(cat /run/inro/inro.pid)"
equal "the container lives on without the daemon" "from the image" "$(page "$address" 80)"
equal "and is running for the next daemon" "running" "$(inro inspect -f '{{.State.Status}}' web)"
equal "exec works after that" "again" "$(inro exec web echo again)"
contains "its port answers after that" "from the image" "$(page 127.0.0.1 8080)"
inro run -d --name ends busybox sh -c 'sleep 2; echo last words; exit 3' >&2
kill -KILL "$(cat /run/inro/inro.pid)"
sleep 3
equal "an exit while no daemon runs is kept" 3 "$(inro wait ends)"
equal "and so is the output" "last words" "$(inro logs ends)"

equal "an image of 91 layers is loaded" 0 "$(code inro load -q -i /images/many.tar)"
equal "an overlay of 91 layers" 90 "$(busybox_run many sh -c 'ls /layers | wc -l')"
equal "it is written to" "new" "$(busybox_run many sh -c 'echo new >/layers/89; rm /layers/1; cat /layers/89')"
inro run --name changed busybox sh -c 'echo x >/data/new; rm /data/file' >&2
equal "diff tells what changed" "A /data/new C /data D /data/file" "$(inro diff changed | sort | tr '\n' ' ' | sed 's/ $//')"
equal "cp out of a stopped container" "x" "$(inro cp changed:/data/new - | tar -xO)"
equal "a bind mount, read-only" "checks.sh" "$(busybox_run -v /checks.sh:/mnt/checks.sh:ro busybox sh -c 'ls /mnt; ! : 2>/dev/null >>/mnt/checks.sh')"
equal "a volume keeps what it holds" "kept" "$(busybox_run -v kept:/v busybox sh -c 'echo kept >/v/f'; busybox_run -v kept:/v busybox cat /v/f)"
equal "a tmpfs" "tmpfs" "$(busybox_run --tmpfs /t:size=1m busybox awk '$2 == "/t" { print $1 }' /proc/mounts)"
equal "--read-only" 1 "$(code inro run --rm --read-only busybox touch /x)"
equal "another user" "33" "$(busybox_run -u 33 busybox id -u)"
equal "--init is pid 1" "1" "$(busybox_run --init busybox sh -c 'ps -o pid,comm | grep -c " 1 inro-init\| 1 .*init"')"
equal "the default capabilities" "00000000a80425fb" "$(busybox_run busybox awk '/CapEff/ { print $2 }' /proc/self/status)"
equal "the filter is loaded" 2 "$(busybox_run busybox awk '/^Seccomp:/ { print $2 }' /proc/self/status)"
equal "/proc/kcore is masked" "0" "$(busybox_run busybox sh -c 'wc -c </proc/kcore')"

equal "inro-runtime run: exit code" 4 "$(code inro-runtime run --bundle /bundle one)"
contains "inro-runtime features" "ociVersionMin" "$(inro-runtime features)"
equal "inro-runtime create" 0 "$(code inro-runtime create --bundle /bundle two)"
contains "inro-runtime state" '"created"' "$(inro-runtime state two | tr -d ' ')"
equal "inro-runtime start" 0 "$(code inro-runtime start two)"
within 5 sh -c 'inro-runtime state two | grep -q stopped'
contains "inro-runtime state after the end" '"stopped"' "$(inro-runtime state two | tr -d ' ')"
equal "inro-runtime delete" 0 "$(code inro-runtime delete two)"

contains "info names the cgroups" "2" "$(inro info 2>&1 | grep -i cgroup)"
equal "everything is removed" 0 "$(code inro rm -f $(inro ps -aq))"
kill -TERM "$(cat /run/inro/inro.pid)"
within 10 sh -c '! kill -0 $(cat /run/inro/inro.pid)'
equal "no container's cgroup is left" "" "$(find /sys/fs/cgroup/inro -mindepth 2 -type d 2>/dev/null)"
equal "no mount is left" "" "$(grep -c overlay /proc/mounts | grep -v '^0$')"
equal "no interface is left" "$interfaces" "$(ls /sys/class/net)"
/quota.sh | grep -v '^end'
echo end 0
