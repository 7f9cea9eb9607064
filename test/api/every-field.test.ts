import { describe, expect, test } from "bun:test";
import { askedContainer } from "../../src/api/ask/container.ts";
import { askedExec } from "../../src/api/ask/exec.ts";
import { askedNetwork } from "../../src/api/ask/network.ts";
import { askedChange, unchangeable } from "../../src/api/ask/update.ts";
import { type Asked, asked } from "../../src/api/asked.ts";
import type { MountPoint } from "../../src/engine/engine.ts";
import { InroError } from "../../src/oci/error.ts";
import { apiDescription, type Schema } from "./description.ts";

/** A value for every field of Docker's description that can be sent to `create`: one that asks for something. */
const config: Readonly<Record<string, unknown>> = {
  Hostname: "h",
  Domainname: "d",
  User: "1",
  AttachStdin: true,
  AttachStdout: true,
  AttachStderr: true,
  ExposedPorts: { "80/tcp": {} },
  Tty: true,
  OpenStdin: true,
  StdinOnce: true,
  Env: ["A=1"],
  Cmd: ["true"],
  Healthcheck: { Test: ["NONE"] },
  ArgsEscaped: true,
  Image: "other",
  Volumes: { "/v": {} },
  WorkingDir: "/w",
  Entrypoint: ["sh"],
  NetworkDisabled: true,
  MacAddress: "02:42:ac:11:00:02",
  OnBuild: ["RUN true"],
  Labels: { a: "b" },
  StopSignal: "SIGINT",
  StopTimeout: 3,
  Shell: ["bash"],
};

const disk = { Path: "/dev/sda", Rate: 1 };

const hostConfig: Readonly<Record<string, unknown>> = {
  CpuShares: 5,
  Memory: 1 << 26,
  CgroupParent: "/p",
  BlkioWeight: 10,
  BlkioWeightDevice: [{ Path: "/dev/sda", Weight: 10 }],
  BlkioDeviceReadBps: [disk],
  BlkioDeviceWriteBps: [disk],
  BlkioDeviceReadIOps: [disk],
  BlkioDeviceWriteIOps: [disk],
  CpuPeriod: 5000,
  CpuQuota: 5000,
  CpuRealtimePeriod: 1,
  CpuRealtimeRuntime: 1,
  CpusetCpus: "0",
  CpusetMems: "0",
  Devices: [{ PathOnHost: "/dev/null" }],
  DeviceCgroupRules: ["c 1:3 r"],
  DeviceRequests: [{ Driver: "cdi", DeviceIDs: ["a.com/b=c"] }],
  KernelMemoryTCP: 1,
  MemoryReservation: 1 << 26,
  MemorySwap: -1,
  MemorySwappiness: 5,
  NanoCpus: 1e9,
  OomKillDisable: true,
  Init: true,
  PidsLimit: 5,
  Ulimits: [{ Name: "nofile", Soft: 1, Hard: 1 }],
  CpuCount: 1,
  CpuPercent: 1,
  IOMaximumIOps: 1,
  IOMaximumBandwidth: 1,
  Binds: ["/a:/b"],
  ContainerIDFile: "/id",
  LogConfig: { Type: "none" },
  NetworkMode: "host",
  PortBindings: { "80/tcp": [{}] },
  RestartPolicy: { Name: "always" },
  AutoRemove: true,
  VolumeDriver: "nfs",
  VolumesFrom: ["other"],
  Mounts: [{ Type: "tmpfs", Target: "/t" }],
  ConsoleSize: [5, 5],
  Annotations: { a: "b" },
  CapAdd: ["KILL"],
  CapDrop: ["KILL"],
  CgroupnsMode: "host",
  Dns: ["1.1.1.1"],
  DnsOptions: ["ndots:1"],
  DnsSearch: ["a"],
  ExtraHosts: ["a:1.1.1.1"],
  GroupAdd: ["5"],
  IpcMode: "host",
  Cgroup: "container:a",
  Links: ["a:b"],
  OomScoreAdj: 5,
  PidMode: "host",
  Privileged: true,
  PublishAllPorts: true,
  ReadonlyRootfs: true,
  SecurityOpt: ["no-new-privileges"],
  StorageOpt: { size: "1g" },
  Tmpfs: { "/t": "" },
  UTSMode: "host",
  UsernsMode: "host",
  ShmSize: 5,
  Sysctls: { "net.a": "1" },
  Runtime: "runc",
  Isolation: "hyperv",
  MaskedPaths: [],
  ReadonlyPaths: [],
};

const endpointSettings: Readonly<Record<string, unknown>> = {
  IPAMConfig: { IPv4Address: "10.0.0.1" },
  Links: ["a:b"],
  MacAddress: "02:42:ac:11:00:02",
  Aliases: ["a"],
  DriverOpts: { "com.docker.network.endpoint.ifname": "a" },
  GwPriority: 5,
};

/** What inspect tells of a connection, and dockerd takes back without a look at it. */
const operational = [
  ...["NetworkID", "EndpointID", "Gateway", "IPAddress", "IPPrefixLen", "IPv6Gateway", "GlobalIPv6Address"],
  ...["GlobalIPv6PrefixLen", "DNSNames"],
];

const { definitions, endpoints } = apiDescription();

function fieldsOf(name: string): string[] {
  const of = (schema: Schema): string[] => [
    ...(schema.allOf ?? []).flatMap(of),
    ...(schema.$ref === undefined ? [] : fieldsOf(schema.$ref.slice("#/definitions/".length))),
    ...Object.keys(schema.properties ?? {}),
  ];
  return of(definitions[name] ?? {});
}

/** What is made of a body, as text, or the name of the field that is refused. */
function outcome(read: (body: Asked) => unknown, body: object): string {
  try {
    return JSON.stringify(read(asked(body)));
  } catch (error) {
    if (error instanceof InroError && error.at !== undefined) return `refused: ${error.at}`;
    throw error;
  }
}

/** Refused by its own name, warned of, or there in what the engine is asked for. */
function isHeard(read: (body: Asked) => unknown, field: string, plain: object, body: object): boolean {
  const [without, asks] = [outcome(read, plain), outcome(read, body)];
  return asks.startsWith("refused: ") ? asks.includes(field) : asks !== without;
}

/** Options and warnings of a body of create's. */
function created(body: Asked): unknown {
  const mounted: MountPoint = {
    type: "volume",
    name: "v",
    source: "/v",
    target: "/v",
    subpath: null,
    propagation: "",
    readOnly: false,
    anonymous: false,
  };
  return askedContainer(asked({ Image: "debian", ...body.fields }), () => [mounted]);
}

/** Fields of another body than create's, and one that asks for something. */
function heard(
  read: (body: Asked) => unknown,
  plain: object,
  fields: Readonly<Record<string, unknown>>,
): void {
  for (const [field, value] of Object.entries(fields))
    expect([field, isHeard(read, field, plain, { ...plain, [field]: value })]).toEqual([field, true]);
}

function bodyOf(path: string): string[] {
  const { parameters = [] } = endpoints.find((one) => one.method === "POST" && one.path === path) ?? {};
  const schema = parameters.find((one) => one.in === "body")?.schema;
  return Object.keys(schema?.properties ?? {}).sort();
}

describe("nor is one of update, of execs and of networks", () => {
  test("update: every limit is changed, or said to be discarded", () => {
    const limits = Object.fromEntries(fieldsOf("Resources").map((name) => [name, hostConfig[name]]));
    const read = (body: Asked) => [askedChange(body), unchangeable(body)];
    heard(read, {}, { ...limits, RestartPolicy: { Name: "always" } });
  });

  test("exec", () => {
    const fields = {
      ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true, ConsoleSize: [5, 5], DetachKeys: "a" },
      ...{ Tty: true, Env: ["A=1"], Cmd: ["other"], Privileged: true, User: "1", WorkingDir: "/w" },
    };
    expect(Object.keys(fields).sort()).toEqual(bodyOf("/containers/{id}/exec"));
    heard(askedExec, { Cmd: ["true"] }, fields);
  });

  test("networks", () => {
    const fields = {
      ...{
        Name: "other",
        Driver: "macvlan",
        Scope: "swarm",
        Internal: true,
        Attachable: true,
        Ingress: true,
      },
      ...{ ConfigOnly: true, EnableIPv4: false, EnableIPv6: true, Options: { a: "b" }, Labels: { a: "b" } },
      IPAM: { Config: [{ Subnet: "10.0.0.0/24" }] },
    };
    expect([...Object.keys(fields), "ConfigFrom"].sort()).toEqual(bodyOf("/networks/create"));
    heard(askedNetwork, { Name: "a" }, fields);
    // It is of no use without the other.
    expect(() => askedNetwork(asked({ Name: "a", ConfigFrom: { Network: "b" } }))).toThrow("swarm");
    const subnet = { Subnet: "10.0.0.0/24" };
    heard((pool) => askedNetwork(asked({ Name: "a", IPAM: { Config: [pool.fields] } })), subnet, {
      ...{ Subnet: "10.1.0.0/24", IPRange: "10.0.0.0/25", Gateway: "10.0.0.9" },
      AuxiliaryAddresses: { a: "10.0.0.7" },
    });
    heard(
      (ipam) => askedNetwork(asked({ Name: "a", IPAM: ipam.fields })),
      {},
      { Driver: "b", Options: { a: "b" } },
    );
  });
});

describe("no field of create is passed over in silence", () => {
  test("each of them has a value here", () => {
    expect(fieldsOf("ContainerConfig").sort()).toEqual(Object.keys(config).sort());
    expect(fieldsOf("HostConfig").sort()).toEqual(Object.keys(hostConfig).sort());
    const settings = [...Object.keys(endpointSettings), ...operational];
    expect(fieldsOf("EndpointSettings").sort()).toEqual(settings.sort());
  });

  test.each(Object.entries(config))("Config.%s", (field, value) => {
    expect(isHeard(created, field, {}, { [field]: value })).toBe(true);
  });

  test.each(Object.entries(hostConfig))("HostConfig.%s", (field, value) => {
    expect(isHeard(created, field, {}, { HostConfig: { [field]: value } })).toBe(true);
  });

  test.each(Object.entries(endpointSettings))("EndpointSettings.%s", (field, value) => {
    const within = (settings: object) => ({
      HostConfig: { NetworkMode: "site" },
      NetworkingConfig: { EndpointsConfig: { site: settings } },
    });
    expect(isHeard(created, field, within({}), within({ [field]: value }))).toBe(true);
  });

  const mounts: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
    [
      "bind",
      "BindOptions",
      {
        Propagation: "shared",
        NonRecursive: true,
        CreateMountpoint: true,
        ReadOnlyNonRecursive: true,
        ReadOnlyForceRecursive: true,
      },
    ],
    [
      "volume",
      "VolumeOptions",
      { NoCopy: true, Labels: { a: "b" }, DriverConfig: { Options: { a: "b" } }, Subpath: "s" },
    ],
    ["image", "ImageOptions", { Subpath: "s" }],
    ["tmpfs", "TmpfsOptions", { SizeBytes: 5, Mode: 5, Options: [["noexec"]] }],
  ];

  test.each(mounts)("a mount of type %s, its %s", (Type, name, options) => {
    const described = definitions["Mount"]?.properties?.[name]?.properties ?? {};
    expect(Object.keys(options).sort()).toEqual(Object.keys(described).sort());
    const body = (own: object) => {
      const Source = Type === "tmpfs" ? {} : { Source: Type === "bind" ? "/a" : "name" };
      return { HostConfig: { Mounts: [{ Type, Target: "/t", ...Source, ...own }] } };
    };
    for (const [field, value] of Object.entries(options))
      expect([field, isHeard(created, field, body({}), body({ [name]: { [field]: value } }))]).toEqual([
        field,
        true,
      ]);
    for (const [, other] of mounts.filter(([type]) => type !== Type))
      expect(outcome(created, body({ [other]: {} }))).toEndWith(`Mounts[0].${other}`);
  });
});
