import { readFileSync } from "node:fs";

/** Flag sets as people write them; behind `--` the image and its command, where they differ from `busybox sleep 600`. */
export const sets: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  [
    "program",
    "-e A=1 -e 'B=x y$z' -e PATH -w /tmp -u 1:2 --hostname h --domainname d -- busybox sh -c 'echo \"$A\"; exec sleep 600'",
  ],
  ["entrypoint", "--entrypoint sleep -- busybox 600"],
  ["terminal", "-it --init --stop-signal INT --stop-timeout 3"],
  ["labels", "-l a=b -l 'c=it'\\''s' -l made.by=me --annotation x=y"],
  [
    "mounts",
    "-v /tmp:/a:ro,rslave -v data:/b -v /anonymous --tmpfs /t:size=64m,noexec --tmpfs /u --read-only --shm-size 1m",
  ],
  [
    "long mounts",
    "--mount type=bind,source=/tmp,target=/a,readonly --mount type=volume,source=more,target=/b,volume-nocopy,volume-label=k=v --mount type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770,readonly",
  ],
  ["memory", "-m 64m --memory-reservation 32m --memory-swap -1 --oom-score-adj 100"],
  ["swap", "-m 64m --memory-swap 100m --ulimit nofile=100:200 --ulimit core=0 --pids-limit 20"],
  ["links", "--link friend --link friend:other"],
  ["disks", "--device-read-bps DISK:1048576 --device-write-iops DISK:500"],
  ["processors", "--cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --blkio-weight 300"],
  ["quota", "--cpu-period 50000 --cpu-quota 25000"],
  [
    "ports",
    "-p 8000:80 -p 127.0.0.1::81/udp -p 8100-8110:82 -p 9000-9002:9000-9002 -p '[::1]:8083:83' --expose 7000 --expose 7001/udp",
  ],
  ["all ports", "-P --expose 80 --network-bandwidth in=10mbit,out=20kbit"],
  ["no network", "--network none --dns 1.1.1.1 --dns-search x.y --dns-option ndots:2 --add-host a:1.2.3.4"],
  ["host", "--network host --pid host --ipc host --uts host --cgroupns host"],
  ["own networks", "--network one --network-alias n --ip 10.99.1.7 --network name=two,alias=m"],
  ["priority", "--network name=one,gw-priority=3,alias=x --network two"],
  [
    "capabilities",
    "--cap-add NET_ADMIN --cap-drop ALL --security-opt no-new-privileges --security-opt seccomp=unconfined --group-add 5",
  ],
  ["privileged", "--privileged"],
  [
    "open",
    "--security-opt systempaths=unconfined --sysctl net.ipv4.ip_forward=0 --device /dev/null:/dev/nothing:r --device /dev/zero --device-cgroup-rule 'c 13:* rwm'",
  ],
  ["what there is one of", "--runtime runc --userns host --ipc shareable"],
  ["life", "--restart on-failure:3 --log-driver local --log-opt max-size=1m --log-opt max-file=2"],
  ["gone with its end", "--rm --restart no --log-driver none"],
  [
    "health",
    "--health-cmd 'test -e /x' --health-interval 1m30s --health-retries 5 --health-start-period 500ms --health-on-failure kill",
  ],
  ["no health", "--no-healthcheck"],
  ["attached", "-i -a stdin -a stderr"],
];

/** A disk of this machine: what the engine takes limits for. */
function disk(): string {
  const [, name = ""] = /^ *\d+ +0 +\d+ (\S+)$/m.exec(readFileSync("/proc/partitions", "utf8")) ?? [];
  return `/dev/${name}`;
}

/** A set's flags, and the image with its command. */
export function flagsAndProgram(line: string): readonly [flags: string, program: string] {
  const [words = "", program = "busybox sleep 600"] = line.split(/(?:^| )-- /);
  return [words.replaceAll("DISK", disk()), program];
}

/** Of a container's record (`inspect`), what made it so; ids and times left out. */
// biome-ignore lint/suspicious/noExplicitAny: a part of the API's record.
export function made(inspected: any) {
  const { Id, Config, HostConfig, NetworkSettings, Path, Args, Name } = inspected;
  const networks = Object.entries(NetworkSettings.Networks as Record<string, Record<string, unknown>>);
  const endpoints = networks.map(([name, { IPAMConfig, Aliases, GwPriority }]) => [
    name,
    { IPAMConfig, Aliases, GwPriority },
  ]);
  const Hostname = String(Config.Hostname).replace(Id.slice(0, 12), "");
  return { Config: { ...Config, Hostname }, HostConfig, Path, Args, Name, endpoints };
}
