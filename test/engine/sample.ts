import { type ContainerOptions, DEFAULT_OPTIONS } from "../../src/engine/options.ts";
import { ALL_CAPABILITIES } from "../../src/engine/spec/capabilities.ts";
import { RLIMITS } from "../../src/engine/spec/rlimits.ts";
import type { SpecInput } from "../../src/engine/spec/spec.ts";

export function options(change: Partial<ContainerOptions> = {}): ContainerOptions {
  return { ...DEFAULT_OPTIONS, image: "busybox", ...change };
}

const unlimited = Object.fromEntries(Object.keys(RLIMITS).map((name) => [name, Number.POSITIVE_INFINITY]));

/** A host that holds everything: what it says does not depend on the machine that the test runs on. */
export const host: SpecInput["host"] & { cpus: number } = {
  capabilities: ALL_CAPABILITIES,
  rlimits: unlimited as SpecInput["host"]["rlimits"],
  swapLimit: true,
  cgroupVersion: "1",
  findDisk: (path) => ({ major: 8, minor: path.charCodeAt(path.length - 1) - 97 }),
  cpus: 4,
};

export function specInput(change: Partial<ContainerOptions> = {}, rest: Partial<SpecInput> = {}): SpecInput {
  return {
    id: "c0ffee".padEnd(64, "0"),
    options: options(change),
    arguments: ["sh"],
    identity: { uid: 0, gid: 0, groups: [0], home: "/root" },
    hostname: "c0ffee000000",
    folder: "/var/lib/inro/containers/c0ffee",
    rootPath: "/var/lib/inro/containers/c0ffee/root",
    mounts: [],
    cdi: [],
    devices: [],
    seccomp: null,
    cgroupsPath: "/inro/c0ffee",
    joined: { network: null, pid: null, ipc: null },
    host,
    ...rest,
  };
}
