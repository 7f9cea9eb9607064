#!/bin/sh
# Runs in the machine with every `npm test`: the OCI runtime where there is nothing but cgroup v2, in half a minute.
. /say.sh

long=/long
mkdir $long
sed -e 's|"exit 4"|"exec sleep 600"|' -e 's|"path": "rootfs"|"path": "/bundle/rootfs"|' /bundle/config.json >$long/config.json
at=/sys/fs/cgroup/bundles/trial

equal "run: exit code" 4 "$(code inro-runtime run --bundle /bundle one)"
equal "create" 0 "$(code inro-runtime create --bundle $long two)"
contains "state: created" '"created"' "$(inro-runtime state two | tr -d ' ')"
equal "start" 0 "$(code inro-runtime start two)"
contains "state: running" '"running"' "$(inro-runtime state two | tr -d ' ')"
equal "memory.max" 67108864 "$(cat $at/memory.max)"
equal "memory.swap.max is the limit of both without the memory" 33554432 "$(cat $at/memory.swap.max)"
equal "memory.low is the reservation" 16777216 "$(cat $at/memory.low)"
equal "memory.high by its own name" 50331648 "$(cat $at/memory.high)"
equal "cpu.weight of 512 shares" 59 "$(cat $at/cpu.weight)"
equal "cpu.max" "50000 100000" "$(cat $at/cpu.max)"
equal "cpu.max.burst" 20000 "$(cat $at/cpu.max.burst)"
equal "pids.max" 10 "$(cat $at/pids.max)"
contains "its device is there, and denied" "not permitted" "$(inro-runtime exec two head -c 1 /dev/disk 2>&1)"
echo '{"devices":[{"allow":false},{"allow":true,"type":"b","major":254,"minor":0,"access":"r"}]}' >/rules.json
equal "update: another device filter" 0 "$(code inro-runtime update -r /rules.json two)"
equal "its device can be read now" 1 "$(inro-runtime exec two head -c 1 /dev/disk | wc -c)"
contains "and not written" "not permitted" "$(inro-runtime exec two dd if=/dev/null of=/dev/disk conv=notrunc 2>&1)"
equal "update: memory and swap at once" 0 "$(code inro-runtime update --memory 128m --memory-swap 160m two)"
equal "memory.max after it" 134217728 "$(cat $at/memory.max)"
contains "events: pressure is counted" '"psi"' "$(inro-runtime events --stats two)"
inro-runtime pause two >&2
equal "pause freezes" "frozen 1" "$(grep frozen $at/cgroup.events)"
inro-runtime resume two >&2
equal "resume thaws" "frozen 0" "$(grep frozen $at/cgroup.events)"
equal "kill" 0 "$(code inro-runtime kill two KILL)"
within 5 sh -c 'inro-runtime state two | grep -q stopped'
equal "delete" 0 "$(code inro-runtime delete two)"
equal "its cgroup is gone" "gone" "$([ -e $at ] || echo gone)"
contains "the engine runs hello" "ello" "$(inro run --rm hello 2>&1)"
echo end 0
