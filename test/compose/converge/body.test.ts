import { describe, expect, test } from "bun:test";
import { createBody } from "../../../src/compose/converge/body/create.ts";
import { uses } from "../../../src/compose/converge/files.ts";
import type { Service } from "../../../src/compose/model/project.ts";
import { PROJECT, projectOfText } from "../model/support.ts";

const OBJECTS = `
networks: { default: {}, front: {}, back: {} }
volumes: { data: {}, elsewhere: { name: else, external: true } }
configs: { file: { file: ./conf }, inline: { content: text } }
secrets: { file: { file: ./key }, variable: { environment: KEY } }
`;

const others = `
  db: { image: db }
`;

function bodyOf(service: string, extra: Partial<Parameters<typeof createBody>[0]> = {}) {
  const project = projectOfText(`name: p\nservices:\n  web: ${service}${others}${OBJECTS}`);
  return createBody({
    project,
    service: project.services.get("web") as Service,
    number: 1,
    image: { id: "sha256:1", entrypoint: ["/entry"] },
    hash: "h",
    peers: (name) => [
      { id: `${name}-1-id`, name: `p-${name}-1`, service: name, number: 1 },
      { id: `${name}-2-id`, name: `p-${name}-2`, service: name, number: 2 },
    ],
    env: { HERE: "x" },
    ...extra,
  });
}

/** What a service says, and what of the request that makes. `host.`: in HostConfig; `net.`: in EndpointsConfig. */
const cases: readonly (readonly [service: string, expected: Readonly<Record<string, unknown>>])[] = [
  ["{ image: i }", { Image: "i", Cmd: undefined, Entrypoint: undefined, "host.NetworkMode": "p_default" }],
  ["{ build: . }", { Image: "p-web" }],
  ["{ image: i, command: a b }", { Cmd: ["a", "b"], Entrypoint: undefined }],
  ["{ image: i, command: [] }", { Cmd: [], Entrypoint: ["/entry"] }],
  ["{ image: i, entrypoint: [] }", { Cmd: undefined, Entrypoint: [] }],
  ["{ image: i, environment: { B: 1, A: , HERE: } }", { Env: ["A", "B=1", "HERE=x"] }],
  ["{ image: i, stop_grace_period: 1500ms, stop_signal: SIGINT }", { StopTimeout: 2, StopSignal: "SIGINT" }],
  ["{ image: i, healthcheck: { disable: true } }", { Healthcheck: { Test: ["NONE"] } }],
  [
    "{ image: i, healthcheck: { disable: true, interval: 2s } }",
    { Healthcheck: { Test: ["NONE"], Interval: 2e9 } },
  ],
  [
    "{ image: i, healthcheck: { test: x, interval: 2s, retries: 4, start_interval: 1s } }",
    { Healthcheck: { Test: ["CMD-SHELL", "x"], Interval: 2e9, Retries: 4, StartInterval: 1e9 } },
  ],
  [
    '{ image: i, ports: ["127.0.0.1:8080:80", "53:53/udp", "90-99:9"], expose: ["7", "8-9/udp"] }',
    {
      "host.PortBindings": {
        "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }],
        "53/udp": [{ HostIp: "", HostPort: "53" }],
        "9/tcp": [{ HostIp: "", HostPort: "90-99" }],
      },
      ExposedPorts: { "7/tcp": {}, "8/udp": {}, "9/udp": {}, "80/tcp": {}, "53/udp": {}, "9/tcp": {} },
    },
  ],
  [
    "{ image: i, volumes: [./a:/a, ./b:/b:ro, './c:/c:z', data:/d, data:/e:ro, elsewhere:/f, /g] }",
    {
      "host.Binds": [`${PROJECT}/a:/a:rw`, `${PROJECT}/b:/b:ro`, `${PROJECT}/c:/c:rw,z`],
      "host.Mounts": [
        { Type: "volume", Source: "p_data", Target: "/d" },
        { Type: "volume", Source: "p_data", Target: "/e", ReadOnly: true },
        { Type: "volume", Source: "else", Target: "/f" },
        { Type: "volume", Target: "/g" },
      ],
    },
  ],
  [
    "{ image: i, volumes: [{ type: bind, source: ./a, target: /a, bind: { create_host_path: false, propagation: rslave } }] }",
    {
      "host.Mounts": [
        { Type: "bind", Source: `${PROJECT}/a`, Target: "/a", BindOptions: { Propagation: "rslave" } },
      ],
    },
  ],
  [
    "{ image: i, volumes: [{ type: bind, source: ./a, target: /a, bind: { recursive: disabled } }] }",
    {
      "host.Mounts": [
        {
          Type: "bind",
          Source: `${PROJECT}/a`,
          Target: "/a",
          BindOptions: { NonRecursive: true, CreateMountpoint: true },
        },
      ],
    },
  ],
  [
    "{ image: i, volumes: [{ type: volume, source: data, target: /a, volume: { nocopy: true, subpath: s } }, { type: image, source: j, target: /b, image: { subpath: t } }] }",
    {
      "host.Mounts": [
        { Type: "volume", Source: "p_data", Target: "/a", VolumeOptions: { NoCopy: true, Subpath: "s" } },
        { Type: "image", Source: "j", Target: "/b", ImageOptions: { Subpath: "t" } },
      ],
    },
  ],
  [
    "{ image: i, volumes: [{ type: tmpfs, target: /a, tmpfs: { size: 1m, mode: 0o700 } }], tmpfs: ['/b:size=1m', /c] }",
    {
      "host.Mounts": [{ Type: "tmpfs", Target: "/a", TmpfsOptions: { SizeBytes: 1 << 20, Mode: 0o700 } }],
      "host.Tmpfs": { "/b": "size=1m", "/c": "" },
    },
  ],
  ["{ image: i, volumes_from: [db:ro, 'container:x:rw'] }", { "host.VolumesFrom": ["db-1-id:ro", "x:rw"] }],
  [
    "{ image: i, configs: [file, inline], secrets: [file, { source: file, target: other, mode: 0400 }] }",
    {
      "host.Mounts": [
        { Type: "bind", Source: `${PROJECT}/key`, Target: "/run/secrets/file", ReadOnly: true },
        { Type: "bind", Source: `${PROJECT}/conf`, Target: "/file", ReadOnly: true },
      ],
    },
  ],
  [
    "{ image: i, networks: { front: { aliases: [x], ipv4_address: 10.0.0.2 }, back: { priority: 5, mac_address: '02:00:00:00:00:01', gw_priority: 3, interface_name: lan } } }",
    {
      "host.NetworkMode": "p_back",
      "net.p_back": {
        Aliases: ["p-web-1", "web"],
        MacAddress: "02:00:00:00:00:01",
        DriverOpts: { "com.docker.network.endpoint.ifname": "lan" },
        GwPriority: 3,
      },
      "net.p_front": { Aliases: ["p-web-1", "web", "x"], IPAMConfig: { IPv4Address: "10.0.0.2" } },
    },
  ],
  [
    "{ image: i, mac_address: '02:00:00:00:00:02' }",
    { "net.p_default": { Aliases: ["p-web-1", "web"], MacAddress: "02:00:00:00:00:02" } },
  ],
  [
    "{ image: i, network_mode: 'service:db', pid: 'service:db', ipc: shareable }",
    {
      "host.NetworkMode": "container:db-1-id",
      "host.PidMode": "container:db-1-id",
      "host.IpcMode": "shareable",
      NetworkingConfig: undefined,
    },
  ],
  ["{ image: i, network_mode: none }", { "host.NetworkMode": "none", NetworkingConfig: undefined }],
  [
    "{ image: i, links: ['db:data'], external_links: [far, 'far:near'] }",
    {
      "host.Links": [
        ...["p-db-1:data", "p-db-1:db-1", "p-db-1:p-db-1", "p-db-2:data", "p-db-2:db-2", "p-db-2:p-db-2"],
        ...["far:far", "far:near"],
      ],
    },
  ],
  [
    "{ image: i, mem_limit: 64m, memswap_limit: 0, cpus: 0.5, pids_limit: -1, mem_swappiness: 0 }",
    {
      "host.Memory": 64 << 20,
      "host.MemorySwap": undefined,
      "host.NanoCpus": 5e8,
      "host.PidsLimit": -1,
      "host.MemorySwappiness": 0,
    },
  ],
  [
    "{ image: i, deploy: { resources: { limits: { cpus: '0.2', memory: 32M, pids: 9 }, reservations: { memory: 16M } } } }",
    {
      "host.Memory": 32 << 20,
      "host.MemoryReservation": 16 << 20,
      "host.NanoCpus": 2e8,
      "host.PidsLimit": 9,
    },
  ],
  [
    "{ image: i, gpus: all, devices: ['/dev/a:/dev/b:r', 'v.com/c=d'], deploy: { resources: { reservations: { devices: [{ capabilities: [tpu], count: 2 }] } } } }",
    {
      "host.Devices": [{ PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "r" }],
      "host.DeviceRequests": [
        { Driver: "cdi", DeviceIDs: ["v.com/c=d"] },
        { Driver: "", Count: 2, Capabilities: [["tpu"]] },
        { Driver: "", Count: -1, Capabilities: [["gpu"]] },
      ],
    },
  ],
  [
    "{ image: i, blkio_config: { weight: 300, device_read_bps: [{ path: /dev/a, rate: 1mb }] } }",
    { "host.BlkioWeight": 300, "host.BlkioDeviceReadBps": [{ Path: "/dev/a", Rate: 1 << 20 }] },
  ],
  [
    "{ image: i, ulimits: { nofile: 10, nproc: { soft: 1, hard: 2 } } }",
    {
      "host.Ulimits": [
        { Name: "nofile", Soft: 10, Hard: 10 },
        { Name: "nproc", Soft: 1, Hard: 2 },
      ],
    },
  ],
  [
    "{ image: i, restart: 'on-failure:3' }",
    { "host.RestartPolicy": { Name: "on-failure", MaximumRetryCount: 3 } },
  ],
  [
    "{ image: i, restart: always, deploy: { restart_policy: { condition: none } } }",
    { "host.RestartPolicy": { Name: "no" } },
  ],
  [
    "{ image: i, deploy: { restart_policy: { max_attempts: 3 } } }",
    { "host.RestartPolicy": { Name: "always" } },
  ],
  [
    "{ image: i, security_opt: ['label:user:x', 'no-new-privileges:true', 'systempaths=unconfined'] }",
    {
      "host.SecurityOpt": ["label:user:x", "no-new-privileges:true"],
      "host.MaskedPaths": [],
      "host.ReadonlyPaths": [],
    },
  ],
  [
    "{ image: i, logging: { driver: local, options: { a: b } }, init: true, privileged: true, read_only: true }",
    {
      "host.LogConfig": { Type: "local", Config: { a: "b" } },
      "host.Init": true,
      "host.Privileged": true,
      "host.ReadonlyRootfs": true,
    },
  ],
  [
    "{ image: i, extra_hosts: ['a=1.2.3.4'], dns: 1.1.1.1 }",
    { "host.ExtraHosts": ["a:1.2.3.4"], "host.Dns": ["1.1.1.1"] },
  ],
  [
    "{ image: i, cgroup: host, uts: host, userns_mode: host }",
    { "host.CgroupnsMode": "host", "host.UTSMode": "host", "host.UsernsMode": "host" },
  ],
];

describe("a service as a request to create a container", () => {
  test.each(cases)("%s", (service, expected) => {
    const body = bodyOf(service);
    const host = body["HostConfig"] as Record<string, unknown>;
    const { EndpointsConfig: endpoints = {} } = (body["NetworkingConfig"] ?? {}) as {
      EndpointsConfig?: Record<string, unknown>;
    };
    const sides: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { host, net: endpoints };
    for (const [key, value] of Object.entries(expected)) {
      const [, side, name] = /^(host|net)\.(.*)$/.exec(key) ?? [];
      const found = side === undefined ? body[key] : sides[side]?.[name ?? ""];
      expect([key, found]).toEqual([key, value]);
    }
  });

  test("labels are compose v2's, and those of the file", () => {
    const labels = bodyOf(
      "{ image: i, labels: { a: b }, depends_on: { db: { condition: service_started, restart: true } } }",
      {
        replaces: "old",
      },
    )["Labels"] as Record<string, string>;
    const {
      "com.docker.compose.version": _version,
      "com.docker.compose.project.config_files": files,
      ...rest
    } = labels;
    expect(files).toEndWith("/compose.yaml");
    expect(rest).toEqual({
      a: "b",
      "com.docker.compose.project": "p",
      "com.docker.compose.service": "web",
      "com.docker.compose.container-number": "1",
      "com.docker.compose.oneoff": "False",
      "com.docker.compose.config-hash": "h",
      "com.docker.compose.image": "sha256:1",
      "com.docker.compose.depends_on": "db:service_started:true",
      "com.docker.compose.project.working_dir": PROJECT,
      "com.docker.compose.replace": "old",
    });
  });

  test("a volume without a name that is there already is taken over, the image's too", () => {
    const body = bodyOf("{ image: i, volumes: [/a] }", { inherits: { "/a": "one", "/b": "two" } });
    expect((body["HostConfig"] as Record<string, unknown>)["Mounts"]).toEqual([
      { Type: "volume", Source: "one", Target: "/a" },
      { Type: "volume", Source: "two", Target: "/b" },
    ]);
  });

  test("no secret's value is in the request, wherever it comes from", () => {
    const body = bodyOf("{ image: i, secrets: [variable, { source: file, uid: '3' }] }", {
      env: { KEY: "very secret" },
    });
    expect(JSON.stringify(body)).not.toContain("very secret");
  });

  const hidden = [
    ["{ image: i, tmpfs: /run, secrets: [variable] }", "/run"],
    ["{ image: i, volumes: [data:/run/secrets], secrets: [variable] }", "/run/secrets"],
    ["{ image: i, volumes: [{ type: tmpfs, target: / }], configs: [inline] }", "/"],
  ] as const;
  test.each(hidden)("what a mount would hide is refused: %s", (service, mount) => {
    const project = projectOfText(`name: p\nservices:\n  web: ${service}${OBJECTS}`);
    expect(() => uses(project, project.services.get("web") as Service)).toThrow(
      expect.objectContaining({
        code: "COMPOSE_FILE_HIDDEN",
        message: expect.stringContaining(`"${mount}"`),
      }),
    );
  });
});
