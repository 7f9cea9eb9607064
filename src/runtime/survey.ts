import { statSync } from "node:fs";
import { parseMountOptions } from "../kernel/mounts.ts";
import { decodeAddress, getAddresses } from "../kernel/netlink/device.ts";
import { decodeLink, getLink } from "../kernel/netlink/link.ts";
import { decodeMessages, encodeMessages } from "../kernel/netlink/message.ts";
import type { Op, OpOf } from "../kernel/plan/operations.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import { InroError } from "../oci/error.ts";
import type { MountDetails } from "../oci/rootfs.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import type { BindSource } from "./compile/context.ts";
import type { Setgroups } from "./compile/entry.ts";
import { checkNetDevices, type NetDevice } from "./compile/net-devices.ts";
import { sysctlPointer } from "./compile/sysctl.ts";
import { entryFor } from "./entry.ts";
import type { HostFacts } from "./facts.ts";
import { failureOf } from "./failure.ts";
import { hostNodes } from "./nodes.ts";

/** What a plan needs to know of sources that only the kernel knows. */
export interface Survey {
  /** What was asked: the operations that fill the first slots. */
  readonly ops: readonly Op[];
  readonly sources: ReadonlyMap<number, BindSource>;
  /** By name. */
  readonly netDevices: ReadonlyMap<string, NetDevice>;
  /** Where the host has the specification's devices, by type and number (`c 1:5`); only for a user namespace. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly setgroups: Setgroups;
  readonly firstSlot: number;
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/** A native process that can be asked; the answer may be there already. */
export interface Surveyor {
  batch(ops: readonly Op[]): readonly OpRecord[] | Promise<readonly OpRecord[]>;
}

/**
 * Clones the sources of bind mounts into slots of the process that will execute the plan: what is mounted later is what
 * was looked at here, whatever happens to the path meanwhile. Looks for the network devices that the plan will move.
 */
export async function survey(
  executor: Surveyor,
  spec: RuntimeSpec,
  becauseOf: (pointer: string) => string,
  facts: HostFacts,
  details: MountDetails = new Map(),
): Promise<Survey> {
  checkNetDevices(spec);
  checkSharedNetwork(spec);
  const binds = bindsOf(spec);
  const devices = Object.keys(spec.linux?.netDevices ?? {});
  const nodes = hostNodes(spec, facts.privilege);
  // The sources' slots come first.
  const { ops: entry, setgroups } = entryFor(spec, facts, binds.length, becauseOf);
  const surrounding = surroundings(binds, details, binds.length + entry.length, becauseOf);
  const firstSlot = binds.length + entry.length + surrounding.size;
  if (binds.length + devices.length + entry.length === 0)
    return { ops: [], sources: new Map(), netDevices: new Map(), nodes, setgroups, firstSlot };
  const clones = binds.map(({ index, path, recursive }, out): OpOf<"cloneTree"> => {
    const root = surrounding.get(index)?.out;
    const place = root === undefined ? { path } : { root, path: details.get(index)?.subpath ?? "" };
    return { kind: "cloneTree", out, ...place, recursive, because: becauseOf(`/mounts/${index}`) };
  });
  const looks = devices.map((name) => lookFor(name, becauseOf(`/linux/netDevices/${name}`)));
  const before = [...entry, ...surrounding.values()];
  const ops = [...before, ...clones, ...looks];
  const records = await executor.batch(ops);
  const failed = records.find(({ errno }) => errno !== 0);
  if (failed !== undefined) throw failureOf(ops[failed.index] as Op, failed, facts.architecture);
  const answers = records.slice(before.length);
  const sources = binds.map(({ index }, slot): [number, BindSource] => {
    const mode = answers[slot]?.value ?? 0;
    return [index, { slot, directory: (mode & S_IFMT) === S_IFDIR }];
  });
  const netDevices = devices.map((name, i): [string, NetDevice] => [
    name,
    deviceOf(answers[clones.length + i]),
  ]);
  const found = { sources: new Map(sources), netDevices: new Map(netDevices), nodes };
  return { ops, ...found, setgroups, firstSlot };
}

/** A sysctl of a namespace that is joined is its own, unless that is the one that we are in. */
function checkSharedNetwork({ linux = {} }: RuntimeSpec): void {
  const path = linux.namespaces?.find(({ type }) => type === "network")?.path ?? "";
  const [name] = Object.keys(linux.sysctl ?? {}).filter((each) => /^net[./]/.test(each));
  if (path === "" || name === undefined) return;
  const [joined, ours] = [path, "/proc/self/ns/net"].map((file) =>
    statSync(file, { bigint: true, throwIfNoEntry: false }),
  );
  if (joined === undefined || joined.ino !== ours?.ino || joined.dev !== ours.dev) return;
  throw new InroError("SYSCTL_INVALID", {
    what: `cannot set the sysctl "${name}"`,
    why: `"${path}" is the host's own network namespace`,
    at: sysctlPointer(name),
  });
}

/** Of sources that are a part of something: what they are a part of, so that nothing in it leads out of it. */
function surroundings(
  binds: ReturnType<typeof bindsOf>,
  details: MountDetails,
  firstSlot: number,
  becauseOf: (pointer: string) => string,
): ReadonlyMap<number, OpOf<"openPath">> {
  const parts = binds.filter(({ index }) => details.get(index)?.subpath !== undefined);
  return new Map(
    parts.map(({ index, path }, i) => {
      const because = becauseOf(`/mounts/${index}`);
      return [index, { kind: "openPath", out: firstSlot + i, path, use: "directory", because }];
    }),
  );
}

const bindsOf = ({ mounts = [] }: RuntimeSpec) =>
  mounts.flatMap((mount, index) => {
    const { bind, recursive, remount } = parseMountOptions(mount.options ?? [], mount.type);
    return bind && !remount ? [{ index, path: mount.source ?? "", recursive }] : [];
  });

const lookFor = (name: string, because: string): OpOf<"netlink"> => ({
  kind: "netlink",
  family: "route",
  messages: encodeMessages([getLink(name), getAddresses()]),
  tolerate: 0,
  what: `find the network device ${name}`,
  because,
});

function deviceOf(record: OpRecord | undefined): NetDevice {
  const replies = decodeMessages(record?.data ?? new Uint8Array());
  const [link] = replies.flatMap((reply) => decodeLink(reply) ?? []);
  if (link === undefined) throw new Error("the kernel told nothing of a network device that it has");
  const addresses = replies.flatMap((reply) => decodeAddress(reply) ?? []);
  return { index: link.index, addresses: addresses.filter(({ index }) => index === link.index) };
}
