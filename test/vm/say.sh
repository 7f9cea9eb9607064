#!/bin/sh
# How checks are said: each prints `ok NAME` or `not ok NAME: what was seen`; the last line is `end 0`.

# equal NAME EXPECTED SEEN
equal() {
  if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: expected \"$2\", saw \"$(echo "$3" | tr '\n' '|')\""; fi
}
# contains NAME PART SEEN
contains() {
  case "$3" in *"$2"*) echo "ok $1" ;; *) echo "not ok $1: no \"$2\" in \"$(echo "$3" | tr '\n' '|')\"" ;; esac
}
# code COMMAND…: prints its exit code; its output goes to the log
code() {
  "$@" >&2
  echo $?
}
# within SECONDS COMMAND…: tries until it succeeds
within() {
  tries=$(($1 * 5))
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    usleep 200000
  done
}

equal "the kernel is 6.1" "6.1" "$(uname -r | cut -d. -f1-2)"
equal "the host has cgroup v2 alone" "cgroup2" "$(awk '$3 ~ /cgroup/ { print $3 }' /proc/mounts)"
