import type { HookPhase, RuntimeSpec, SpecDevice, SpecDeviceRule, SpecHook } from "../../oci/runtime-spec.ts";
import { deviceAt } from "../spec/devices.ts";
import { mergeEnvironment } from "../spec/environment.ts";
import type { ResolvedMount } from "../spec/mounts.ts";
import type { CdiEdits } from "./spec.ts";

/** The edits of one device, and the flag that asked for it. */
export interface NamedEdits {
  readonly name: string;
  readonly edits: CdiEdits;
}

const flagOf = ({ name }: NamedEdits): string => `--device ${name}`;

/** Mounts beside the user's own; one at the same place takes a user's. */
export function withCdiMounts(
  mounts: readonly ResolvedMount[],
  all: readonly NamedEdits[],
): readonly ResolvedMount[] {
  const added = all.flatMap((device) =>
    (device.edits.mounts ?? []).map(({ hostPath, containerPath, type, options = [] }): ResolvedMount => {
      const isBind =
        [undefined, "", "none", "bind"].includes(type) || options.some((o) => /^r?bind$/.test(o));
      const words =
        options.some((option) => /^r?bind$/.test(option)) || !isBind ? options : ["rbind", ...options];
      return {
        type: isBind ? "bind" : (type ?? ""),
        source: hostPath,
        target: containerPath,
        options: words,
        detail: {},
        because: flagOf(device),
      };
    }),
  );
  const last = new Map(added.map((mount) => [mount.target, mount]));
  return [...mounts.filter(({ target }) => !last.has(target)), ...last.values()];
}

/** Everything else, after the specification is there; pointers into it with what asked for them go into `because`. */
export function applyCdi(
  spec: RuntimeSpec,
  all: readonly NamedEdits[],
  because: Map<string, string>,
): RuntimeSpec {
  return all.reduce((before, device) => applyOne(before, device, because), spec);
}

function applyOne(spec: RuntimeSpec, device: NamedEdits, because: Map<string, string>): RuntimeSpec {
  const { edits } = device;
  const { process, linux = {}, hooks = {} } = spec;
  const nodes = (edits.deviceNodes ?? []).map((node) => nodeOf(node, process?.user));
  const note = (list: string, from: number, items: readonly unknown[]) => {
    for (const i of items.keys()) because.set(`${list}/${from + i}`, flagOf(device));
  };
  note("/linux/devices", linux.devices?.length ?? 0, nodes);
  for (const { hostInterfaceName } of edits.netDevices ?? [])
    because.set(`/linux/netDevices/${hostInterfaceName}`, flagOf(device));
  if (edits.intelRdt !== undefined) because.set("/linux/intelRdt", flagOf(device));
  const rules = nodes.flatMap(({ rule }) => (rule === null ? [] : [rule]));
  const named = Object.fromEntries(
    (edits.netDevices ?? []).map((net) => [net.hostInterfaceName, { name: net.name }]),
  );
  return {
    ...spec,
    ...(process !== undefined && {
      process: {
        ...process,
        env: mergeEnvironment(process.env ?? [], edits.env ?? []),
        user: {
          ...process.user,
          additionalGids: withGroups(process.user.additionalGids, edits.additionalGids),
        },
      },
    }),
    hooks: withHooks(hooks, edits.hooks ?? [], note),
    linux: {
      ...linux,
      devices: [...(linux.devices ?? []), ...nodes.map(({ node }) => node)],
      ...(edits.intelRdt !== undefined && { intelRdt: edits.intelRdt }),
      ...(edits.netDevices !== undefined && { netDevices: { ...linux.netDevices, ...named } }),
      resources: { ...linux.resources, devices: [...(linux.resources?.devices ?? []), ...rules] },
    },
  };
}

const withGroups = (groups: readonly number[] = [], more: readonly number[] = []): readonly number[] => [
  ...new Set([...groups, ...more.filter((gid) => gid !== 0)]),
];

function withHooks(
  hooks: NonNullable<RuntimeSpec["hooks"]>,
  more: NonNullable<CdiEdits["hooks"]>,
  note: (list: string, from: number, items: readonly unknown[]) => void,
): NonNullable<RuntimeSpec["hooks"]> {
  const all: { [K in HookPhase]?: readonly SpecHook[] } = { ...hooks };
  for (const { hookName, path, args, env, timeout } of more) {
    const before = all[hookName] ?? [];
    note(`/hooks/${hookName}`, before.length, [path]);
    const hook = { path, ...(args && { args }), ...(env && { env }), ...(timeout && { timeout }) };
    all[hookName] = [...before, hook];
  }
  return all;
}

/** What a node lacks is looked for on the host; it belongs to the container's user unless the specification says otherwise. */
function nodeOf(
  {
    path,
    hostPath = path,
    type = "",
    major,
    minor,
    fileMode,
    permissions = "",
    uid,
    gid,
  }: NonNullable<CdiEdits["deviceNodes"]>[number],
  user: { readonly uid: number; readonly gid: number } | undefined,
): { readonly node: SpecDevice; readonly rule: SpecDeviceRule | null } {
  const known = type !== "" && (type === "p" || (major !== undefined && minor !== undefined));
  const host = known ? undefined : deviceAt(hostPath).node;
  const kind = type === "" ? (host?.type ?? "c") : type;
  const numbers = { major: major ?? host?.major ?? 0, minor: minor ?? host?.minor ?? 0 };
  const owner = { uid: uid ?? user?.uid ?? 0, gid: gid ?? user?.gid ?? 0 };
  const node = { path, type: kind, ...numbers, ...(fileMode !== undefined && { fileMode }), ...owner };
  if (kind === "p" || permissions === "none") return { node, rule: null };
  const access = permissions === "" ? "rwm" : permissions;
  return { node, rule: { allow: true, type: kind === "b" ? "b" : "c", ...numbers, access } };
}
