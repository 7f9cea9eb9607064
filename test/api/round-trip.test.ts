import { expect, test } from "bun:test";
import { askedContainer } from "../../src/api/ask/container.ts";
import { asked } from "../../src/api/asked.ts";
import { containerInspect } from "../../src/api/tell/container.ts";
import type { ContainerDetails } from "../../src/engine/engine.ts";
import type { ContainerOptions } from "../../src/engine/options.ts";
import type { Digest } from "../../src/oci/digest.ts";

function details(options: ContainerOptions): ContainerDetails {
  return {
    id: "0123456789abcdef".repeat(4),
    name: "web",
    created: "2026-11-24T02:00:00.000000001Z",
    imageId: `sha256:${"ab".repeat(32)}` as Digest,
    options,
    arguments: ["sh", "-c", "exit 3"],
    state: { status: "running", pid: 42, startedAt: "2026-11-24T02:00:01.000000001Z" },
    startedAt: "2026-11-24T02:00:01.000000001Z",
    restartCount: 0,
    memoryKills: 0,
    health: null,
    mounts: [],
    endpoints: [],
    ports: [],
    execIds: [],
    storageDriver: "overlay",
    paths: {
      folder: "/c",
      log: "/c/log",
      hostname: "/c/hostname",
      hosts: "/c/hosts",
      resolvConf: "/c/resolv.conf",
    },
  };
}

/** What tools do that recreate a container: they post what inspect told them. */
function recreated(options: ContainerOptions): ContainerOptions {
  const told = JSON.parse(JSON.stringify(containerInspect(details(options), null)));
  return askedContainer(asked({ ...told.Config, HostConfig: told.HostConfig }), () => []).options;
}

test.each([
  ["env and labels", { Env: ["A=1"], Labels: { a: "b" }, Hostname: "h", User: "1:2", WorkingDir: "/w" }],
  ["streams", { Tty: true, OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true }],
  ["stop", { StopSignal: "SIGINT", StopTimeout: 3, ExposedPorts: { "80/tcp": {} } }],
  [
    "health",
    {
      Healthcheck: {
        Test: ["CMD-SHELL", "true"],
        Interval: 2e9,
        Timeout: 1e9,
        StartInterval: 5e8,
        Retries: 7,
      },
      Shell: ["/bin/bash", "-c"],
      HostConfig: { HealthOnFailure: "restart" },
    },
  ],
  ["binds", { HostConfig: { Binds: ["/a:/b:ro,rslave", "data:/c:nocopy", "/d:/e"] } }],
  [
    "mounts",
    {
      HostConfig: {
        Mounts: [
          { Type: "bind", Source: "/a", Target: "/b", ReadOnly: true, BindOptions: { NonRecursive: true } },
          {
            Type: "tmpfs",
            Target: "/s",
            ReadOnly: true,
            TmpfsOptions: { SizeBytes: 1024, Mode: 0o1770, Options: [["noexec"], ["uid", "5"]] },
          },
          {
            Type: "volume",
            Source: "data",
            Target: "/c",
            VolumeOptions: { Subpath: "x", Labels: { a: "b" } },
          },
        ],
        Tmpfs: { "/t": "size=64m,noexec", "/u": "" },
        ContainerIDFile: "/id",
        Runtime: "io.containerd.runc.v2",
        UsernsMode: "host",
        VolumeDriver: "local",
      },
      Volumes: { "/anonymous": {} },
    },
  ],
  [
    "mounts of images, of volumes that are to be made, and what is read-only",
    {
      HostConfig: {
        Mounts: [
          { Type: "image", Source: "busybox", Target: "/i", ImageOptions: { Subpath: "bin" } },
          {
            Type: "volume",
            Source: "fast",
            Target: "/f",
            VolumeOptions: {
              NoCopy: true,
              DriverConfig: { Name: "local", Options: { type: "tmpfs", device: "tmpfs" } },
            },
          },
          {
            Type: "bind",
            Source: "/a",
            Target: "/b",
            ReadOnly: true,
            BindOptions: { ReadOnlyNonRecursive: true, CreateMountpoint: true, Propagation: "rslave" },
          },
        ],
      },
    },
  ],
  [
    "devices that others describe, and links",
    {
      HostConfig: {
        DeviceRequests: [
          { Driver: "cdi", DeviceIDs: ["vendor.com/thing=0"] },
          { Driver: "", Count: -1, Capabilities: [["gpu"]], Options: { a: "b" } },
        ],
        Links: ["db:data", "/cache:/other/cache"],
      },
    },
  ],
  [
    "limits",
    {
      HostConfig: {
        Memory: 2 ** 26,
        MemorySwap: -1,
        NanoCpus: 5e8,
        PidsLimit: 50,
        CpuShares: 512,
        CpusetCpus: "0",
        BlkioWeight: 300,
        BlkioWeightDevice: [{ Path: "/dev/vda", Weight: 100 }],
        BlkioDeviceReadBps: [{ Path: "/dev/vda", Rate: 2 ** 20 }],
        BlkioDeviceWriteIOps: [{ Path: "/dev/vdb", Rate: 50 }],
        Ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }],
        DeviceCgroupRules: ["c 13:* rwm"],
        Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/x", CgroupPermissions: "r" }],
      },
    },
  ],
  [
    "security",
    {
      HostConfig: {
        CapAdd: ["NET_ADMIN"],
        CapDrop: ["CHOWN"],
        SecurityOpt: ["no-new-privileges", 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'],
        MaskedPaths: ["/proc/x"],
        ReadonlyPaths: [],
        ReadonlyRootfs: true,
        Sysctls: { "net.ipv4.ip_forward": "1" },
      },
    },
  ],
  [
    "network and names",
    {
      HostConfig: {
        NetworkMode: "none",
        PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }, { HostPort: "" }] },
        Dns: ["1.1.1.1"],
        ExtraHosts: ["a:1.2.3.4"],
        PidMode: "host",
        IpcMode: "none",
        UTSMode: "host",
        CgroupnsMode: "host",
      },
    },
  ],
  [
    "life",
    {
      HostConfig: {
        RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
        Init: true,
        OomScoreAdj: 100,
        ShmSize: 1 << 20,
        LogConfig: { Type: "local", Config: { "max-size": "1m" } },
        Annotations: { a: "b" },
        GroupAdd: ["video"],
        ConsoleSize: [30, 100],
      },
    },
  ],
])("inspect tells %s so that create understands it", (_what, body) => {
  const { options } = askedContainer(
    asked({ Image: "debian", Cmd: ["sh"], Entrypoint: ["/e"], ...body }),
    () => [],
  );
  const again = recreated(options);
  const prefixed = (names: readonly string[]) => names.map((name) => `CAP_${name}`);
  const spelled = { capAdd: prefixed(options.capAdd), capDrop: prefixed(options.capDrop) };
  expect({ ...again, ...told(options) }).toEqual({ ...options, ...spelled });
});

/** Defaults that inspect tells as values. */
function told(options: ContainerOptions): Partial<ContainerOptions> {
  return {
    maskedPaths: options.maskedPaths,
    readonlyPaths: options.readonlyPaths,
    shmSize: options.shmSize,
    hostname: options.hostname,
  };
}
