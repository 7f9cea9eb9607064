import { InroError } from "../../oci/error.ts";
import type { Entry } from "../entry.ts";
import type { ContainerOptions, DeviceRequest, MountOption, Ulimit } from "../options.ts";
import { parseCapability } from "../spec/capabilities.ts";
import type { Change } from "./changes.ts";

/** An option that is a list of things, of which each has a key. */
export interface ListRule<T> {
  /** What a change calls one of them. */
  readonly kind: string;
  readonly when: Change["when"];
  /** The command line's word that takes one away. */
  readonly at: string;
  readonly key: (one: T) => string;
  /** What stands beside the key. */
  readonly text: (one: T) => string;
}

type ItemOf<K extends keyof Lists> = Lists[K][number];

/** Lists among a container's options; records are lists of pairs, and rules for devices stand among its limits. */
export interface Lists {
  readonly env: readonly string[];
  readonly labels: readonly Pair[];
  readonly mounts: readonly MountOption[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly devices: ContainerOptions["devices"];
  readonly deviceRequests: readonly DeviceRequest[];
  readonly deviceCgroupRules: readonly string[];
  readonly ulimits: readonly Ulimit[];
  readonly sysctls: readonly Pair[];
  readonly groupAdd: readonly string[];
  readonly extraHosts: readonly string[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly annotations: readonly Pair[];
}

type Pair = readonly [string, string];

const before = (separator: string) => (text: string) => text.split(separator, 1)[0] ?? "";
const after = (separator: string) => (text: string) =>
  text.includes(separator) ? text.slice(text.indexOf(separator) + 1) : "";

const rule = <T>(
  kind: string,
  when: Change["when"],
  at: string,
  key: (one: T) => string,
  text: (one: T) => string = () => "",
): ListRule<T> => ({ kind, when, at, key, text });

const itself = (one: string) => one;
const first = ([key]: Pair) => key;
const second = ([, value]: Pair) => value;
const capability = (at: string) => (name: string) => parseCapability(name, at);

export const LISTS: { readonly [K in keyof Lists]: ListRule<ItemOf<K>> } = {
  env: rule("environment variable", "restart", "--env-rm", before("="), after("=")),
  labels: rule("label", "live", "--label-rm", first, second),
  mounts: rule("mount", "restart", "--mount-rm", ({ target }) => target, mountText),
  capAdd: rule("added capability", "restart", "--cap-add-rm", capability("--cap-add")),
  capDrop: rule("dropped capability", "restart", "--cap-drop-rm", capability("--cap-drop")),
  devices: rule(
    "device",
    "restart",
    "--device-rm",
    ({ containerPath }) => containerPath,
    ({ hostPath, permissions }) => `${hostPath} ${permissions}`,
  ),
  deviceRequests: rule("described device", "restart", "--device-rm", requestKey, requestText),
  deviceCgroupRules: rule("device rule", "restart", "--device-cgroup-rule-rm", itself),
  ulimits: rule(
    "ulimit",
    "restart",
    "--ulimit-rm",
    ({ name }) => name,
    ({ soft, hard }) => `${soft}:${hard}`,
  ),
  sysctls: rule("sysctl", "restart", "--sysctl-rm", first, second),
  groupAdd: rule("group", "restart", "--group-add-rm", itself),
  extraHosts: rule("host", "live", "--add-host-rm", before(":"), after(":")),
  dns: rule("DNS server", "live", "--dns-rm", itself),
  dnsSearch: rule("DNS search domain", "live", "--dns-search-rm", itself),
  dnsOptions: rule("DNS option", "live", "--dns-option-rm", itself),
  annotations: rule("annotation", "restart", "--annotation-rm", first, second),
};

export const LIST_NAMES = Object.keys(LISTS) as readonly (keyof Lists)[];

export function listsOf(options: ContainerOptions): Lists {
  return {
    ...options,
    labels: Object.entries(options.labels),
    sysctls: Object.entries(options.sysctls),
    annotations: Object.entries(options.annotations),
    deviceCgroupRules: options.resources.deviceCgroupRules,
    deviceRequests: options.deviceRequests.flatMap(single),
  };
}

export function withLists(options: ContainerOptions, lists: Lists): ContainerOptions {
  const { labels, sysctls, annotations, deviceCgroupRules, ...others } = lists;
  return {
    ...options,
    ...others,
    labels: Object.fromEntries(labels),
    sysctls: Object.fromEntries(sysctls),
    annotations: Object.fromEntries(annotations),
    resources: { ...options.resources, deviceCgroupRules },
  };
}

/** What is set of one list, and the keys of what goes. */
export interface ListEdit<T> {
  readonly set: readonly T[];
  readonly remove: readonly string[];
}

export type ListEdits = { readonly [K in keyof Lists]: ListEdit<ItemOf<K>> };

/** What is set takes the place of what has its key, or comes last. INVALID_OPTION where there is nothing to take away. */
export function editedLists(entry: Entry, current: Lists, edits: ListEdits): Lists {
  const edited = <K extends keyof Lists>(name: K) => {
    const { key } = LISTS[name];
    const set = Map.groupBy(edits[name].set as readonly ItemOf<K>[], key);
    const remove = new Set(edits[name].remove.map((text) => removedKey(name, text)));
    const known = new Set((current[name] as readonly ItemOf<K>[]).map(key));
    for (const gone of remove) if (!known.has(gone)) throw unknown(entry, LISTS[name], gone);
    const stay = (current[name] as readonly ItemOf<K>[]).flatMap((one) => {
      const other = set.get(key(one));
      // Of several with one key the first has its place.
      if (other !== undefined) set.set(key(one), []);
      return other ?? (remove.has(key(one)) ? [] : [one]);
    });
    return [...stay, ...[...set.values()].flat()];
  };
  return Object.fromEntries(LIST_NAMES.map((name) => [name, edited(name)])) as unknown as Lists;
}

/** Capabilities are taken away under any of their spellings. */
const removedKey = (name: keyof Lists, text: string): string =>
  name === "capAdd" || name === "capDrop" ? LISTS[name].key(text) : text;

function unknown({ name }: Entry, { kind, at }: ListRule<never>, key: string): InroError {
  return new InroError("INVALID_OPTION", {
    what: `cannot edit the container "${name}"`,
    why: `it has no ${kind} "${key}"`,
    hint: `see what it has with: inro inspect ${name}`,
    at,
  });
}

function mountText(mount: MountOption): string {
  switch (mount.type) {
    case "tmpfs":
      return ["tmpfs", ...mount.options].join(",");
    case "image":
      return `image ${mount.source}`;
    case "bind":
      return `bind ${mount.source}${mount.readOnly ? " (read-only)" : ""}`;
    case "volume":
      return `volume ${mount.name ?? "(anonymous)"}${mount.readOnly ? " (read-only)" : ""}`;
  }
}

/** Devices that were asked for in one breath are taken away one by one. */
const single = (request: DeviceRequest): readonly DeviceRequest[] =>
  request.driver === "cdi" ? request.deviceIds.map((id) => ({ ...request, deviceIds: [id] })) : [request];

function requestKey({ driver, deviceIds }: DeviceRequest): string {
  return driver === "cdi" ? deviceIds.join() : "gpus";
}

function requestText({ driver, deviceIds, count }: DeviceRequest): string {
  if (driver === "cdi") return "";
  return deviceIds.length > 0 ? deviceIds.join() : count === -1 ? "all" : String(count);
}
