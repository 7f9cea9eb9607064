import { posix } from "node:path";
import { member, type Node, type Sequence } from "../node.ts";
import { type Branch, below, branches } from "../path.ts";
import { pairOf } from "../short/pair.ts";
import { shortPorts } from "../short/port.ts";
import { shortVolume } from "../short/volume.ts";
import { itemText, mappingAt, scalarAt } from "./forms.ts";
import { PAIRS } from "./rules.ts";

/**
 * What tells an item from the others of its list: a later one takes the place of one with the same key. Undefined: it
 * is like no other.
 */
type Key = (item: Node) => string | undefined;

interface Unique {
  readonly key: Key;
  /** An item that is several. */
  readonly split?: (item: Node) => readonly Node[];
}

const part = (item: Node, name: string): string | undefined => {
  const value = member(item, name);
  return value === undefined ? undefined : itemText(value);
};

const clean = (path: string): string => posix.normalize(path).replace(/(.)\/$/, "$1");

const target: Key = (item) => {
  const path = part(item, "target") ?? shortVolume(itemText(item) ?? "")?.target;
  return path === undefined ? undefined : clean(path);
};

const device: Key = (item) => {
  const [source, inside] = (itemText(item) ?? "").split(":");
  const path = part(item, "target") ?? part(item, "source") ?? inside ?? source;
  return path === "" ? undefined : path;
};

/** Of a secret or configuration: a relative target is beneath `folder`, and without one it is the source's name. */
const fileIn =
  (folder: string): Key =>
  (item) => {
    const path = part(item, "target") ?? part(item, "source") ?? itemText(item);
    return path === undefined ? undefined : posix.resolve(folder, path);
  };

const pair: Key = (item) => {
  const text = itemText(item);
  return text === undefined ? undefined : pairOf(text)[0];
};

const text: Unique = { key: itemText };
const by = (name: string): Unique => ({ key: (item) => part(item, name) });

/** 13-merge.md, "Unique resources": address, target, published and protocol. */
const port: Key = (item) => {
  if (item.kind !== "mapping") {
    const [only, ...more] = shortPorts(itemText(item) ?? "") ?? [];
    if (only === undefined || more.length > 0) return undefined;
    const { host_ip = "0.0.0.0", published = "", protocol } = only;
    return [host_ip, only.target, published, protocol].join(" ");
  }
  const address = part(item, "host_ip") ?? "0.0.0.0";
  return [address, part(item, "target"), part(item, "published") ?? "", part(item, "protocol") ?? "tcp"].join(
    " ",
  );
};

function portsOf(item: Node): readonly Node[] {
  const ports = shortPorts(itemText(item) ?? "") ?? [];
  if (ports.length < 2) return [item];
  return ports.map((one) =>
    mappingAt(
      item,
      Object.entries(one).map(([name, value]) => [name, scalarAt(item, value)]),
    ),
  );
}

const asPairs: Readonly<Record<string, Unique>> = Object.fromEntries(
  PAIRS.map((path) => [path, { key: pair }]),
);

const TABLE = branches<Unique>({
  ...asPairs,
  "services.*.blkio_config.device_read_bps": by("path"),
  "services.*.blkio_config.device_read_iops": by("path"),
  "services.*.blkio_config.device_write_bps": by("path"),
  "services.*.blkio_config.device_write_iops": by("path"),
  "services.*.blkio_config.weight_device": by("path"),
  "services.*.build.cache_from": text,
  "services.*.build.cache_to": text,
  "services.*.build.entitlements": text,
  "services.*.build.platforms": text,
  "services.*.build.secrets": { key: fileIn("/run/secrets") },
  "services.*.build.tags": text,
  "services.*.cap_add": text,
  "services.*.cap_drop": text,
  "services.*.configs": { key: fileIn("/") },
  "services.*.deploy.placement.constraints": text,
  "services.*.device_cgroup_rules": text,
  "services.*.devices": { key: device },
  "services.*.dns": text,
  "services.*.dns_opt": text,
  "services.*.dns_search": text,
  "services.*.env_file": { key: (item) => part(item, "path") ?? itemText(item) },
  "services.*.expose": text,
  "services.*.external_links": text,
  "services.*.group_add": text,
  "services.*.label_file": text,
  "services.*.links": text,
  "services.*.networks.*.aliases": text,
  "services.*.networks.*.link_local_ips": text,
  "services.*.ports": { key: port, split: portsOf },
  "services.*.profiles": text,
  "services.*.secrets": { key: fileIn("/run/secrets") },
  "services.*.security_opt": text,
  "services.*.tmpfs": text,
  "services.*.volumes": { key: target },
  "services.*.volumes_from": text,
  "networks.*.ipam.config": by("subnet"),
});

/** The same with each list's items once. */
export function unique<N extends Node>(node: N, branch: Branch<Unique> | undefined = TABLE): N {
  if (branch === undefined || node.kind === "scalar") return node;
  if (node.kind === "sequence") return branch.value === undefined ? node : (once(node, branch.value) as N);
  let changed = false;
  const entries = new Map(node.entries);
  for (const [key, entry] of node.entries) {
    const value = unique(entry.value, below(branch, key));
    if (value === entry.value) continue;
    entries.set(key, { ...entry, value });
    changed = true;
  }
  return changed ? { ...node, entries } : node;
}

function once(list: Sequence, { key, split }: Unique): Sequence {
  const items: Node[] = [];
  const places = new Map<string, number>();
  const all = split === undefined ? list.items : list.items.flatMap(split);
  for (const item of all) {
    const name = key(item);
    const place = name === undefined ? undefined : places.get(name);
    if (place !== undefined) items[place] = item;
    else {
      if (name !== undefined) places.set(name, items.length);
      items.push(item);
    }
  }
  const same = items.length === all.length && all.length === list.items.length;
  return same ? list : { ...list, items };
}
