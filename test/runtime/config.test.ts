import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeActs } from "../../src/kernel/plan/encode.ts";
import { verify } from "../../src/kernel/plan/verify.ts";
import { assembleFilter } from "../../src/kernel/seccomp/assemble.ts";
import { InroError } from "../../src/oci/error.ts";
import { placeOf } from "../../src/runtime/cgroup-path.ts";
import { parseBundle } from "../../src/runtime/command/bundle.ts";
import { joinedHierarchies } from "../../src/runtime/compile/cgroups.ts";
import { compile } from "../../src/runtime/compile/compile.ts";
import { allowAll } from "../kernel/plan/good.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { inputOf } from "./compile/compiled.ts";
import { typical, process as typicalProcess } from "./compile/spec.ts";
import { damaged, generator } from "./config-fuzz.ts";
import { canRun, makeRoot } from "./container.ts";

const room = temporaryFolder("config");
afterAll(() => room[Symbol.dispose]());

/** Every field that this runtime reads, once. */
const full = {
  ...typical,
  domainname: "example",
  annotations: { "org.example.key": "value" },
  process: {
    ...typicalProcess,
    terminal: false,
    consoleSize: { height: 24, width: 80 },
    user: { uid: 1, gid: 2, umask: 18, additionalGids: [3] },
    noNewPrivileges: true,
    apparmorProfile: "",
    selinuxLabel: "",
    oomScoreAdj: 100,
    scheduler: {
      policy: "SCHED_BATCH",
      nice: 5,
      priority: 0,
      flags: ["SCHED_FLAG_RESET_ON_FORK"],
      runtime: 0,
    },
    ioPriority: { class: "IOPRIO_CLASS_BE", priority: 4 },
    execCPUAffinity: { initial: "0", final: "0-1" },
  },
  hooks: { poststop: [{ path: "/bin/true", args: ["true"], env: ["A=b"], timeout: 3 }] },
  mounts: [
    ...(typical.mounts ?? []),
    { destination: "/data", type: "bind", source: "/tmp", options: ["rbind", "ro", "rslave"] },
  ],
  linux: {
    ...typical.linux,
    namespaces: [...(typical.linux?.namespaces ?? []), { type: "time" }],
    timeOffsets: { monotonic: { secs: 5, nanosecs: 1 } },
    devices: [{ path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0 }],
    netDevices: { eth9: { name: "net%d" } },
    cgroupsPath: "/inro-test-config/x",
    rootfsPropagation: "slave",
    memoryPolicy: { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] },
    personality: { domain: "LINUX", flags: [] },
    mountLabel: "",
    resources: {
      devices: [
        { allow: false, access: "rwm" },
        { allow: true, type: "c", major: 1, minor: 3, access: "rw" },
      ],
      memory: { limit: 67108864, reservation: 33554432, swap: 134217728, disableOOMKiller: false },
      cpu: { shares: 512, quota: 50000, period: 100000, cpus: "0", mems: "0" },
      pids: { limit: 64 },
      blockIO: { weight: 500, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1048576 }] },
      hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
      unified: {},
    },
    seccomp: {
      defaultAction: "SCMP_ACT_ALLOW",
      architectures: ["SCMP_ARCH_X86_64"],
      flags: ["SECCOMP_FILTER_FLAG_LOG"],
      syscalls: [
        {
          names: ["mount"],
          action: "SCMP_ACT_ERRNO",
          errnoRet: 1,
          args: [{ index: 0, value: 1, valueTwo: 2, op: "SCMP_CMP_MASKED_EQ" }],
        },
      ],
    },
  },
} as const;

function read(config: unknown) {
  return parseBundle(room.path, Buffer.from(typeof config === "string" ? config : JSON.stringify(config)));
}

const at = (pointer: string, value: unknown): object => {
  const copy = structuredClone(full) as unknown as Record<string, unknown>;
  const names = pointer.slice(1).split("/");
  const last = names.pop() as string;
  const holder = names.reduce((each, name) => each[name] as Record<string, unknown>, copy);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return copy;
};

test("a whole configuration passes the border as it is", () => {
  expect(read(full).spec).toEqual(full as never);
});

test("what the specification does not know is passed over, and null is nothing (spec.md; Go's encoders)", () => {
  const more = { ...full, windows: { x: 1 }, vm: null, "org.other": [] };
  expect(
    read({ ...more, process: { ...full.process, commandLine: "x", rlimits: null, env: null } }).spec.process,
  ).toEqual({
    ...full.process,
    commandLine: "x",
    rlimits: undefined,
    env: undefined,
  } as never);
});

test.each([
  ["/ociVersion", undefined],
  ["/ociVersion", "2.0.0"],
  ["/ociVersion", "1.0"],
  ["/ociVersion", "1.0.0-"],
  ["/root", undefined],
  ["/root/path", ""],
  ["/process/args", []],
  ["/process/args/1", 5],
  ["/process/cwd", "work"],
  ["/process/user/uid", 2 ** 32 - 1],
  ["/process/user/gid", undefined],
  ["/process/user/additionalGids/0", "3"],
  ["/process/env/0", "A\0B"],
  ["/process/terminal", "yes"],
  ["/process/oomScoreAdj", 1001],
  ["/process/rlimits/0/soft", 1.5],
  ["/process/consoleSize/height", 65536],
  ["/mounts/0/destination", ""],
  ["/mounts/0/options", "ro"],
  ["/hooks/poststop/0/path", 1],
  ["/linux/namespaces/0", "pid"],
  ["/linux/devices/0/major", undefined],
  ["/linux/devices/0/type", "s"],
  ["/linux/devices/0/path", "dev/fuse"],
  ["/linux/maskedPaths/0", "proc/kcore"],
  ["/linux/rootfsPropagation", "loud"],
  ["/linux/sysctl/net.ipv4.ip_unprivileged_port_start", 0],
  ["/linux/resources/cpu/period", -1],
  ["/linux/resources/devices/0/allow", undefined],
  ["/linux/seccomp/syscalls/0/names", []],
  ["/linux/seccomp/syscalls/0/args/0/value", -2],
  ["/linux/timeOffsets/monotonic/nanosecs", -1],
])("%s as %p is an error that points there", (pointer, value) => {
  expect(() => read(at(pointer, value))).toThrow(
    expect.objectContaining({ code: "SPEC_INVALID", at: pointer, message: expect.stringContaining(pointer) }),
  );
});

test.each(["1.0.0", "1.0.2-dev", "1.3.0", "1.2.1-rc.1+build.5", "1.99.0"])(
  "version %s is one of ours",
  (ociVersion) => {
    expect(read({ ...full, ociVersion }).spec.ociVersion).toBe(ociVersion);
  },
);

test.each(["", "[", "[]", "null", "5", '"x"', "{}", '{"ociVersion":"1.0.0"}', "\u0000", '{"a":1}}'])(
  "the text %p is no configuration",
  (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: "SPEC_INVALID" }));
  },
);

const CREATIONS = Number(process.env["INRO_FUZZ_CREATIONS"] ?? 40);

class Everything<V> extends Map<unknown, V> {
  readonly #value: V;
  constructor(value: V) {
    super();
    this.#value = value;
  }
  override get(): V {
    return this.#value;
  }
}

/** From a configuration to a plan that could be executed, without asking the kernel for anything. */
function planned(config: unknown, host: "hybrid" | "v2") {
  const { spec } = read(config);
  const { seccomp } = spec.linux ?? {};
  if (seccomp !== undefined) assembleFilter(seccomp, "x86_64");
  const input = inputOf(host, spec, {
    filter: seccomp === undefined ? undefined : allowAll,
    ...placeOf(spec, "/inro", "x", inputOf(host, spec).facts),
    sources: new Everything({ slot: 0, directory: true }) as never,
    netDevices: new Everything({ index: 5, addresses: [] }) as never,
    firstSlot: 1,
  });
  joinedHierarchies(input.facts.hierarchies, spec.linux?.resources ?? {});
  const plan = compile(input);
  verify(plan, { firstSlot: 1 });
  return encodeActs(plan);
}

test("the whole configuration is a plan", () => {
  for (const host of ["hybrid", "v2"] as const) expect(planned(full, host).length).toBeGreaterThan(1000);
});

/** INRO_FUZZ_ROUNDS for longer. */
const ROUNDS = Number(process.env["INRO_FUZZ_ROUNDS"] ?? 1500);

test("a damaged configuration is a plan or an error of ours, never anything else", () => {
  const random = generator(Number(process.env["INRO_FUZZ_SEED"] ?? 20261125));
  let plans = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const config = damaged(full, random);
    try {
      planned(config, round % 2 === 0 ? "hybrid" : "v2");
      plans++;
    } catch (cause) {
      if (cause instanceof InroError) continue;
      throw new Error(`round ${round}: ${(cause as Error).stack} ${JSON.stringify(config)}`);
    }
  }
  expect(plans).toBeGreaterThan(ROUNDS / 100);
  expect(plans).toBeLessThan(ROUNDS);
});

/** What may not be changed where damage is really carried out: where it happens, and what it runs. */
const KEPT = ["/root/path", "/linux/cgroupsPath", "/process/args", "/process/cwd", "/process/env"];
const RUNTIME = join(import.meta.dir, "../../build/inro-runtime");

/** What of this test's is on the host: cgroups, and mounts. */
function traces(): string[] {
  const cgroups = readdirSync("/sys/fs/cgroup").filter((name) =>
    existsSync(`/sys/fs/cgroup/${name}/inro-test-config/${process.pid}`),
  );
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return [...cgroups, ...mounts.filter((line) => line.includes(room.path))];
}

describe.skipIf(!canRun || !existsSync(RUNTIME))("create with a damaged configuration", () => {
  test("makes a container or says what is wrong, and leaves nothing behind", async () => {
    const bundle = join(room.path, "bundle");
    const root = join(room.path, "state");
    mkdirSync(bundle);
    makeRoot(join(bundle, "rootfs"));
    const random = generator(7);
    const { seccomp, netDevices: _, resources: __, cgroupsPath: ___, ...linux } = full.linux;
    const basis = {
      ...full,
      hooks: {},
      mounts: typical.mounts,
      process: { ...full.process, args: ["true"], rlimits: [] },
      linux: { ...linux, seccomp, cgroupsPath: `/inro-test-config/${process.pid}` },
    };
    // A file: the container keeps the stream open, and a pipe would have no end.
    const errors = join(room.path, "errors");
    const inro = (...words: string[]) => {
      const stdio = ["ignore", "ignore", Bun.file(errors)] as const;
      const { exitCode } = Bun.spawnSync([RUNTIME, "--root", root, ...words], {
        stdio: [...stdio],
        timeout: 20_000,
      });
      return { exitCode, stderr: readFileSync(errors, "utf8") };
    };
    const codes = new Map<number | null, number>();
    for (let round = 0; round < CREATIONS; round++) {
      const config = JSON.stringify(damaged(basis, random, KEPT));
      writeFileSync(join(bundle, "config.json"), config);
      const { exitCode, stderr } = inro("create", "--bundle", bundle, "x");
      codes.set(exitCode, (codes.get(exitCode) ?? 0) + 1);
      const said = `round ${round}: ${exitCode} ${stderr} ${config}`;
      if (exitCode === 1 && !/^(time="|inro-runtime: |\{)/.test(stderr)) throw new Error(said);
      if ((exitCode !== 0 && exitCode !== 1) || /\n\s+at /.test(stderr)) throw new Error(said);
      if (exitCode === 0) inro("delete", "--force", "x");
      if (existsSync(join(root, "x")) || traces().length > 0) throw new Error(`left behind in ${said}`);
    }
    expect(codes.get(0)).toBeGreaterThan(0);
    expect(codes.get(1)).toBeGreaterThan(0);
    await Bun.$`rmdir /sys/fs/cgroup/inro-test-config /sys/fs/cgroup/*/inro-test-config`.quiet().nothrow();
  }, 120_000);
});
