import { flag, list, read, text } from "../options/option.ts";
import { integer, nanoCpus, nanoseconds, size, sizeOrUnlimited } from "../options/readers.ts";
import { networkBandwidth } from "./bandwidth.ts";

const files = { group: "Files" };
const limits = { group: "Limits" };
const network = { group: "Network" };
const security = { group: "Security" };
const life = { group: "Life" };
const health = { group: "Health" };
const hidden = { hidden: true };

/** Docker's options of `create` and `run` that describe the container. */
export const createOptions = {
  name: text("NAME", "The container's name"),
  env: list("NAME[=VALUE]", "Set an environment variable; without a value, take this shell's", {
    short: "e",
  }),
  "env-file": list("FILE", "Read environment variables from a file"),
  workdir: text("FOLDER", "The working directory inside", { short: "w" }),
  user: text("USER[:GROUP]", "The user, by name or number", { short: "u" }),
  entrypoint: text("COMMAND", "What is started instead of the image's entrypoint"),
  hostname: text("NAME", "The host name inside", { short: "h" }),
  label: list("KEY[=VALUE]", "Set a label", { short: "l" }),
  "label-file": list("FILE", "Read labels from a file", hidden),
  init: flag("Run an init as process 1 that forwards signals and reaps"),
  platform: text("OS/ARCH", "The platform of the image"),
  pull: text("WHEN", "Pull the image: always, missing (default), never", {
    words: ["always", "missing", "never"],
  }),
  quiet: flag("Pull without progress", { short: "q" }),
  cidfile: text("FILE", "Write the container's id to a file"),

  interactive: flag("Keep standard input open", { short: "i", group: "Terminal" }),
  tty: flag("Give it a terminal", { short: "t", group: "Terminal" }),
  attach: list("STREAM", "Attach stdin, stdout or stderr only", { short: "a", group: "Terminal" }),

  volume: list("SRC:DST[:ro]", "Mount a folder of the host, or a volume", { ...files, short: "v" }),
  mount: list("KEY=VALUE,…", "Mount anything: type=bind|volume|tmpfs,source=…,target=…", files),
  tmpfs: list("DST[:OPTIONS]", "Mount a tmpfs", files),
  "read-only": flag("Make the container's own files read-only", files),
  "shm-size": read("SIZE", size, "Size of /dev/shm (default 64m)", files),
  "volume-driver": text("NAME", "local", { ...files, hidden: true }),
  "volumes-from": list("CONTAINER", "Mount what another container mounts", { ...files, hidden: true }),
  "storage-opt": list("KEY=VALUE", "Limit what its own files take: size=10g", files),
  device: list(
    "SRC[:DST[:rwm]]",
    "Add a device of the host, or VENDOR/CLASS=NAME that is described (CDI)",
    files,
  ),
  gpus: text("GPUS", "GPUs that are described: all, a number, or device=0,1", files),
  "device-cgroup-rule": list("RULE", "Allow a device: c 13:* rwm", files),

  memory: read("SIZE", size, "Memory limit", { ...limits, short: "m" }),
  "memory-swap": read("SIZE", sizeOrUnlimited, "Memory and swap together; -1 for unlimited swap", limits),
  "memory-reservation": read("SIZE", size, "Memory that is kept for it under pressure", limits),
  "memory-swappiness": read("0-100", integer, "How readily its memory is swapped out", {
    ...limits,
    hidden: true,
  }),
  cpus: read("NUMBER", nanoCpus, "Processors it may use: 1.5", limits),
  "cpu-shares": read("NUMBER", integer, "Its weight against others when processors are busy", {
    ...limits,
    short: "c",
  }),
  "cpuset-cpus": text("LIST", "Which processors: 0-3 or 0,2", limits),
  "cpuset-mems": text("LIST", "Which memory nodes", limits),
  "cpu-period": read("µs", integer, "Length of a scheduling period", limits),
  "cpu-quota": read("µs", integer, "Processor time within a period", limits),
  "cpu-rt-period": read("µs", integer, "Length of a real-time period", { ...limits, hidden: true }),
  "cpu-rt-runtime": read("µs", integer, "Real-time within a period", { ...limits, hidden: true }),
  "pids-limit": read("NUMBER", integer, "How many processes and threads it may have", limits),
  ulimit: list("NAME=SOFT[:HARD]", "Resource limits of its processes: nofile=1024", limits),
  isolation: text("NAME", "Windows'", { ...limits, hidden: true }),
  "cpu-count": read("NUMBER", integer, "Windows'", { ...limits, hidden: true }),
  "cpu-percent": read("NUMBER", integer, "Windows'", { ...limits, hidden: true }),
  "io-maxbandwidth": read("SIZE", size, "Windows'", { ...limits, hidden: true }),
  "io-maxiops": read("NUMBER", integer, "Windows'", { ...limits, hidden: true }),
  "kernel-memory": read("SIZE", size, "Of kernels that were", { ...limits, hidden: true }),
  "oom-kill-disable": flag("Do not kill it when memory runs out", { ...limits, hidden: true }),
  "oom-score-adj": read("NUMBER", integer, "How likely the kernel kills it first, -1000 to 1000", limits),
  "blkio-weight": read("10-1000", integer, "Its weight in block I/O", limits),
  "blkio-weight-device": list("DEVICE:WEIGHT", "Its weight on one disk: /dev/sda:300", limits),
  "device-read-bps": list("DEVICE:RATE", "Bytes a second it may read of a disk: /dev/sda:1mb", limits),
  "device-write-bps": list("DEVICE:RATE", "Bytes a second it may write", limits),
  "device-read-iops": list("DEVICE:RATE", "Operations a second it may read with", limits),
  "device-write-iops": list("DEVICE:RATE", "Operations a second it may write with", limits),
  "cgroup-parent": text("PATH", "The cgroup above its own", limits),

  publish: list("[IP:]HOST:CTR[/udp]", "Publish a port", { ...network, short: "p" }),
  "publish-all": flag("Publish all ports that the image exposes", { ...network, short: "P" }),
  expose: list("PORT[/PROTO]", "Expose a port", network),
  network: list(
    "NETWORK",
    "bridge (default), host, none, container:NAME, or networks that were made",
    network,
  ),
  net: list("NETWORK", "As --network", { ...network, hidden: true }),
  "network-alias": list("NAME", "Another name in its network", network),
  link: list("CONTAINER[:ALIAS]", "Know another container by a name of one's own", network),
  ip: text("ADDRESS", "Its IPv4 address, in a network that was made", network),
  ip6: text("ADDRESS", "Its IPv6 address, in one that has IPv6", network),
  "link-local-ip": list("ADDRESS", "A link-local address", { ...network, hidden: true }),
  "mac-address": text("ADDRESS", "Its hardware address", network),
  "network-bandwidth": read(
    "in=RATE,out=RATE",
    networkBandwidth,
    "How fast it may receive and send",
    network,
  ),
  "add-host": list("NAME:ADDRESS", "A line for /etc/hosts (host-gateway is this machine)", network),
  dns: list("ADDRESS", "A DNS server", network),
  "dns-search": list("DOMAIN", "A DNS search domain", network),
  "dns-option": list("OPTION", "A DNS option", network),
  domainname: text("NAME", "The NIS domain name inside", { ...network, hidden: true }),

  "cap-add": list("NAME", "Add a capability, or ALL", security),
  "cap-drop": list("NAME", "Drop a capability, or ALL", security),
  privileged: flag("All capabilities, all devices, no seccomp filter", security),
  "security-opt": list(
    "OPTION",
    "no-new-privileges, seccomp=FILE|unconfined, systempaths=unconfined",
    security,
  ),
  "group-add": list("GROUP", "Add a supplementary group", security),
  sysctl: list("KEY=VALUE", "Set a kernel parameter of its namespaces", security),
  pid: text("MODE", "Share process ids: host, container:NAME", security),
  ipc: text("MODE", "private (default), shareable, container:NAME, host, none", security),
  uts: text("MODE", "host: share the host's name", security),
  cgroupns: text("MODE", "private (default), host", security),
  userns: text("MODE", "User namespace", { ...security, hidden: true }),

  restart: text("POLICY", "no, on-failure[:N], always, unless-stopped", {
    ...life,
    words: ["no", "on-failure", "always", "unless-stopped"],
  }),
  rm: flag("Remove it when it ends", life),
  "stop-signal": text("SIGNAL", "What asks it to stop (default SIGTERM)", life),
  "stop-timeout": read("SECONDS", integer, "How long it may take to stop", life),
  "log-driver": text(
    "NAME",
    "json-file (default), journald: the system's journal, too, or none to keep nothing",
    {
      ...life,
      words: ["json-file", "local", "journald", "none"],
    },
  ),
  "log-opt": list("KEY=VALUE", "max-size=10m, max-file=3", life),
  annotation: list("KEY=VALUE", "An annotation for the OCI spec", { ...life, hidden: true }),
  "health-cmd": text("COMMAND", "Check its health by a command, run by the image's shell", health),
  "health-interval": read("TIME", nanoseconds, "Between two checks (default 30s)", health),
  "health-timeout": read("TIME", nanoseconds, "How long a check may take (default 30s)", health),
  "health-retries": read("NUMBER", integer, "Failures in a row that make it unhealthy (default 3)", health),
  "health-start-period": read("TIME", nanoseconds, "How long after its start failures do not count", health),
  "health-start-interval": read("TIME", nanoseconds, "Between two checks meanwhile (default 5s)", health),
  "health-on-failure": text("ACTION", "When it becomes unhealthy: none (default), kill, restart, stop", {
    ...health,
    words: ["none", "kill", "restart", "stop"],
  }),
  "no-healthcheck": flag("Do not run the image's health check", health),

  runtime: text("NAME", "The OCI runtime", { ...life, hidden: true }),
  "disable-content-trust": flag("Without meaning here", { hidden: true, default: true }),
} as const;
