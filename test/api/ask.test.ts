import { describe, expect, test } from "bun:test";
import { askedContainer } from "../../src/api/ask/container.ts";
import { asked } from "../../src/api/asked.ts";
import type { MountPoint } from "../../src/engine/engine.ts";
import { DEFAULT_OPTIONS } from "../../src/engine/options.ts";
import type { InroError } from "../../src/oci/error.ts";

const mountsOf = (container: string): readonly MountPoint[] => [
  ...[
    { type: "bind", name: null, source: "/a", target: "/a", subpath: null, propagation: "rslave" } as const,
    { type: "volume", name: "data", source: "/v", target: "/data", subpath: null, propagation: "" } as const,
    { type: "tmpfs", name: null, source: "", target: "/t", subpath: null, propagation: "" } as const,
  ].map((mount) => ({ ...mount, readOnly: container === "strict", anonymous: false })),
];

const parse = (body: object) => askedContainer(asked({ Image: "debian", ...body }), mountsOf).options;
const host = (fields: object) => parse({ HostConfig: fields });

function refusal(body: object): { code: string; at: string | undefined } {
  try {
    askedContainer(asked({ Image: "debian", ...body }), mountsOf);
  } catch (error) {
    return { code: (error as InroError).code, at: (error as InroError).at };
  }
  throw new Error("it was not refused");
}

test("a body with nothing but an image asks for every default", () => {
  expect(parse({})).toEqual({ ...DEFAULT_OPTIONS, image: "debian" });
});

test("what the docker CLI sends for `run IMAGE` asks for the defaults too", () => {
  const options = parse({
    Hostname: "",
    User: "",
    AttachStdout: true,
    AttachStderr: true,
    Env: null,
    Cmd: null,
    Entrypoint: null,
    Volumes: {},
    Labels: {},
    HostConfig: {
      Binds: null,
      LogConfig: { Type: "", Config: {} },
      NetworkMode: "default",
      PortBindings: {},
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      ConsoleSize: [0, 0],
      OomScoreAdj: 0,
      SecurityOpt: null,
      ShmSize: 0,
      MemorySwappiness: -1,
      OomKillDisable: false,
      PidsLimit: 0,
      MaskedPaths: null,
      ReadonlyPaths: null,
    },
    NetworkingConfig: { EndpointsConfig: { default: { IPAMConfig: {} } } },
  });
  const expected = { ...DEFAULT_OPTIONS, image: "debian", attachStdout: true, attachStderr: true };
  expect(options).toEqual({ ...expected, resources: { ...expected.resources, pidsLimit: 0 } });
});

test("a field's name is matched whatever its case, an unknown field is ignored", () => {
  expect(parse({ hostname: "web", cmd: "true", Nonsense: 5 })).toMatchObject({
    hostname: "web",
    command: ["true"],
  });
});

test("an emptied entrypoint is kept apart from one that was not given", () => {
  expect(parse({ Entrypoint: [""] }).entrypoint).toEqual([""]);
  expect(parse({ Entrypoint: null }).entrypoint).toBeNull();
  expect(parse({ Cmd: [] }).command).toBeNull();
});

test.each([
  ["/a:/b", { type: "bind", source: "/a", target: "/b", readOnly: false, createSource: true }],
  ["/a:/b:ro,rslave", { type: "bind", readOnly: true, propagation: "rslave" }],
  ["/a:/b:z,rw", { type: "bind", readOnly: false }],
  ["data:/b:ro,nocopy", { type: "volume", name: "data", target: "/b", readOnly: true, copy: false }],
  ["/b", { type: "volume", name: null, target: "/b" }],
])("-v %s", (bind, expected) => {
  expect(host({ Binds: [bind] }).mounts[0]).toMatchObject(expected);
});

test("--mount of each type", () => {
  const mounts = host({
    Mounts: [
      { Type: "bind", Source: "/a", Target: "/b", ReadOnly: true, BindOptions: { Propagation: "shared" } },
      { Type: "volume", Source: "data", Target: "/c", VolumeOptions: { NoCopy: true, Subpath: "x" } },
      { Type: "tmpfs", Target: "/d", TmpfsOptions: { SizeBytes: 1024, Mode: 0o1777, Options: [["noexec"]] } },
    ],
  }).mounts;
  expect(mounts).toEqual([
    {
      type: "bind",
      source: "/a",
      target: "/b",
      readOnly: true,
      propagation: "shared",
      recursive: true,
      readOnlyRecursive: true,
      createSource: false,
    },
    {
      type: "volume",
      name: "data",
      target: "/c",
      readOnly: false,
      copy: false,
      labels: {},
      options: {},
      subpath: "x",
    },
    { type: "tmpfs", target: "/d", options: ["size=1024", "mode=1777", "noexec"], listed: true },
  ]);
});

test("a volume of the body is anonymous, and gives way to a mount at the same place", () => {
  const { mounts } = parse({ Volumes: { "/data": {}, "/b": {} }, HostConfig: { Binds: ["/a:/b"] } });
  expect(mounts.map(({ type, target }) => [type, target])).toEqual([
    ["bind", "/b"],
    ["volume", "/data"],
  ]);
});

test("--volumes-from: another container's folders and volumes, where nothing else is mounted", () => {
  const { mounts } = parse({
    Volumes: { "/data": {} },
    HostConfig: { Binds: ["/b:/a"], VolumesFrom: ["web:ro"] },
  });
  expect(mounts).toMatchObject([
    { type: "bind", source: "/b", target: "/a", readOnly: false },
    { type: "volume", name: "data", target: "/data", readOnly: true },
  ]);
  expect(host({ VolumesFrom: ["strict"] }).mounts).toMatchObject([
    { type: "bind", source: "/a", propagation: "rslave", readOnly: true },
    { type: "volume", readOnly: true },
  ]);
});

test("ports: bindings, ranges of exposed ones", () => {
  const options = parse({
    ExposedPorts: { "80": {}, "7000-7001/udp": {} },
    HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }, { HostPort: "" }] } },
  });
  expect(options.exposedPorts).toEqual(["80/tcp", "7000/udp", "7001/udp"]);
  expect(options.ports).toEqual([
    { containerPort: 80, protocol: "tcp", hostIp: "127.0.0.1", hostPort: 8080, count: 1, choices: 1 },
    { containerPort: 80, protocol: "tcp", hostIp: "", hostPort: 0, count: 1, choices: 1 },
  ]);
});

test("ports: a row of bindings is one, whatever their order among others; a range of host ports is a choice", () => {
  const PortBindings: Record<string, { HostIp?: string; HostPort: string }[]> = {};
  for (let n = 0; n < 1000; n++) PortBindings[`${8000 + n}/tcp`] = [{ HostPort: String(9000 + n) }];
  PortBindings["53/udp"] = [{ HostIp: "[::1]", HostPort: "5300-5310" }];
  PortBindings["54/udp"] = [{ HostIp: "::1", HostPort: "5300-5310" }];
  PortBindings["7/sctp"] = [{ HostPort: "7" }];
  expect(parse({ HostConfig: { PortBindings } }).ports).toEqual([
    { hostIp: "", hostPort: 9000, containerPort: 8000, count: 1000, choices: 1, protocol: "tcp" },
    { hostIp: "::1", hostPort: 5300, containerPort: 53, count: 1, choices: 11, protocol: "udp" },
    { hostIp: "::1", hostPort: 5300, containerPort: 54, count: 1, choices: 11, protocol: "udp" },
    { hostIp: "", hostPort: 7, containerPort: 7, count: 1, choices: 1, protocol: "sctp" },
  ]);
});

test("security options in both spellings", () => {
  expect(host({ SecurityOpt: ["no-new-privileges", "seccomp=unconfined"] }).security).toEqual({
    seccomp: { kind: "unconfined" },
    noNewPrivileges: true,
    systemPaths: "masked",
  });
  expect(host({ SecurityOpt: ["no-new-privileges:false"] }).security.noNewPrivileges).toBe(false);
  const text = '{"defaultAction":\n"SCMP_ACT_ALLOW"}';
  expect(host({ SecurityOpt: [`seccomp=${text}`] }).security.seccomp).toEqual({ kind: "profile", text });
});

test.each([
  ["{}", ""],
  ['{"defaultAction":5}', "/defaultAction"],
  ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":5}', "/syscalls"],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_ALLOW","args":[{"op":"SCMP_CMP_EQ","index":0,"value":-1}]}]}',
    "/syscalls/0/args/0/value",
  ],
])("the seccomp profile %s is refused at the border", (profile, at) => {
  expect(() => host({ SecurityOpt: [`seccomp=${profile}`] })).toThrow(at);
});

test("log limits", () => {
  const { log } = host({ LogConfig: { Type: "json-file", Config: { "max-size": "20k", "max-file": "2" } } });
  expect([log.maxSize, log.maxFiles, log.driver]).toEqual([20480, 2, "default"]);
  expect(host({ LogConfig: { Config: { "max-size": "-1" } } }).log.maxSize).toBe(0);
});

describe("a wrong value is refused by the name of its field", () => {
  test.each([
    [{ Image: "" }, "Image"],
    [{ Tty: "yes" }, "Tty"],
    [{ Env: ["A=1", 5] }, "Env[1]"],
    [{ Env: "A=1" }, "Env"],
    [{ Cmd: ["a\0b"] }, "Cmd[0]"],
    [{ HostConfig: [] }, "HostConfig"],
    [{ HostConfig: { Memory: "64m" } }, "HostConfig.Memory"],
    [{ HostConfig: { Memory: 1.5 } }, "HostConfig.Memory"],
    [{ HostConfig: { MemorySwappiness: 101 } }, "HostConfig.MemorySwappiness"],
    [{ HostConfig: { OomScoreAdj: 1001 } }, "HostConfig.OomScoreAdj"],
    [{ HostConfig: { Binds: ["/a:/b:wrong"] } }, "HostConfig.Binds[0]"],
    [{ HostConfig: { Binds: ["a:b:c:d"] } }, "HostConfig.Binds[0]"],
    [{ HostConfig: { Binds: ["../a:/b"] } }, "HostConfig.Binds[0]"],
    [
      { HostConfig: { Mounts: [{ Type: "bind", Source: "a", Target: "/b" }] } },
      "HostConfig.Mounts[0].Source",
    ],
    [{ HostConfig: { Mounts: [{ Type: "npipe", Target: "/b" }] } }, "HostConfig.Mounts[0].Type"],
    [{ HostConfig: { PortBindings: { "0/tcp": [] } } }, "HostConfig.PortBindings.0/tcp"],
    [
      { HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "65536" }] } } },
      "HostConfig.PortBindings.80/tcp[0].HostPort",
    ],
    [
      { HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "x" }] } } },
      "HostConfig.PortBindings.80/tcp[0].HostIp",
    ],
    [{ HostConfig: { PidMode: "container:" } }, "HostConfig.PidMode"],
    [{ HostConfig: { PidMode: "shareable" } }, "HostConfig.PidMode"],
    [{ HostConfig: { IpcMode: "x" } }, "HostConfig.IpcMode"],
    [{ HostConfig: { RestartPolicy: { Name: "sometimes" } } }, "HostConfig.RestartPolicy.Name"],
    [{ HostConfig: { SecurityOpt: ["x=y"] } }, "HostConfig.SecurityOpt[0]"],
    [{ HostConfig: { SecurityOpt: ["seccomp=/etc/x.json"] } }, "HostConfig.SecurityOpt[0]"],
    [{ HostConfig: { SecurityOpt: ["apparmor=mine"] } }, "HostConfig.SecurityOpt[0]"],
    [{ HostConfig: { LogConfig: { Type: "syslog" } } }, "HostConfig.LogConfig.Type"],
    [{ HostConfig: { LogConfig: { Config: { "max-size": "-2" } } } }, "HostConfig.LogConfig.Config.max-size"],
    [{ HostConfig: { ConsoleSize: [1] } }, "HostConfig.ConsoleSize"],
    [{ HostConfig: { Devices: [{ PathOnHost: "dev" }] } }, "HostConfig.Devices[0].PathOnHost"],
    [
      { HostConfig: { DeviceRequests: [{ Capabilities: [1] }] } },
      "HostConfig.DeviceRequests[0].Capabilities[0]",
    ],
    [{ HostConfig: { VolumesFrom: ["a:x"] } }, "HostConfig.VolumesFrom[0]"],
    [{ HostConfig: { Runtime: "kata" } }, "HostConfig.Runtime"],
    [{ HostConfig: { ExtraHosts: ["x"] } }, "HostConfig.ExtraHosts[0]"],
  ])("%j", (body, at) => {
    expect(refusal(body)).toEqual({ code: "INVALID_OPTION", at });
  });
});

test("health checks that cannot be run are refused", () => {
  const refusal = (Healthcheck: object) =>
    expect(() => askedContainer(asked({ Image: "a", Healthcheck }), mountsOf));
  refusal({ Test: ["PING"] }).toThrow('"PING" is none of NONE, CMD, CMD-SHELL');
  refusal({ Test: ["CMD"] }).toThrow("it names no command");
  refusal({ Test: ["CMD", 1] }).toThrow("it is not a text");
  refusal({ Interval: 999_999 }).toThrow("cannot be less than 1ms");
  refusal({ Retries: -1 }).toThrow("cannot be negative");
});

test("what is not done is told", () => {
  const { warnings } = askedContainer(
    asked({ Image: "a", HostConfig: { CpuRealtimePeriod: 1000 } }),
    mountsOf,
  );
  expect(warnings).toEqual(["CpuRealtimePeriod is not supported: discarded."]);
});
