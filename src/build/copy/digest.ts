import { mayCarry } from "../../image/tree/convert.ts";
import type { SeenEntry } from "../../image/tree/entry.ts";
import { kind } from "../../image/tree/frames.ts";
import { type Digest, digester, digestOf } from "../../oci/digest.ts";
import type { Item } from "./find.ts";
import type { Found, TreeFound } from "./found.ts";
import type { CopyRequest } from "./request.ts";

/** To be raised when the same request makes another layer than it made before. */
const version = 1;

/** Over all that the layer is made of, but for times and what is below. */
export function digestOfCopy(request: CopyRequest, found: readonly Found[]): Digest {
  const hash = digester();
  const put = (...fields: readonly unknown[]) => hash.update(`${JSON.stringify(fields)}\n`);
  const { destination, owner, chmod, parents, link } = request;
  put("copy", version, destination, owner, chmod, parents, link);
  for (const each of found) {
    if (each.kind === "inline") put("inline", each.source.name, digestOf(each.source.content));
    else for (const item of each.items) putItem(put, each, item);
  }
  return hash.digest();
}

type Put = (...fields: readonly unknown[]) => void;

/** Of a folder whose contents are copied neither name nor mode count. */
function putItem(put: Put, { source, contents }: TreeFound, item: Item): void {
  const { keepsOwners, unpack } = source;
  const content = ({ kind: its, identity }: SeenEntry) =>
    its === kind.file ? contents.digests.get(identity) : "";
  if (item.top.kind === kind.directory) put("folder");
  else put("file", item.name, unpack, ...traits(item.top, keepsOwners), content(item.top));
  const firsts = new Map<string, number>();
  for (const [at, { relative, entry }] of item.beneath.entries()) {
    const first = firsts.get(entry.identity) ?? at;
    firsts.set(entry.identity, first);
    // Names of one file stay names of one file.
    put(relative, ...traits(entry, keepsOwners), content(entry), at - first);
  }
}

function traits(entry: SeenEntry, keepsOwners: boolean): unknown[] {
  const { kind: its, mode, target, major, minor, uid, gid } = entry;
  const xattrs = entry.xattrs
    .filter(mayCarry)
    .map(([name, value]) => [name, Buffer.from(value).toString("hex")]);
  return [its, mode, target, major, minor, xattrs, ...(keepsOwners ? [uid, gid] : [])];
}

/** What a source must show again for its digest to hold: names and traits of everything, and stamps of files. */
export function likeness(
  found: Pick<TreeFound, "items" | "source">,
  stamp: (entry: SeenEntry) => string,
): string {
  const lines: string[] = [];
  const put: Put = (...fields) => void lines.push(JSON.stringify(fields));
  for (const { name, top, beneath } of found.items) {
    if (top.kind === kind.directory) put(top.path);
    else put(name, top.path, ...traits(top, found.source.keepsOwners), stamp(top));
    for (const { relative, entry } of beneath)
      put(relative, ...traits(entry, found.source.keepsOwners), entry.kind === kind.file ? stamp(entry) : "");
  }
  return lines.join("\n");
}
