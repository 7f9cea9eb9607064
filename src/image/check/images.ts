/** Each entry of the index, followed down to the blobs and snapshots that it needs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chainIdsOf, type Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { matchesPlatform, type Platform } from "../../oci/platform.ts";
import { familiarName, parseReference } from "../../oci/reference.ts";
import { diffIdsOf, parseConfig, parseDocument } from "../document.ts";
import type { Blobs } from "../layout/blobs.ts";
import type { NamedManifest } from "../layout/names.ts";
import type { Snapshots } from "../snapshot/snapshots.ts";
import type { Verifier } from "./verify.ts";

/** A part of an image that is not as it should be. */
export interface Fault {
  readonly part: "manifest" | "configuration" | "layer" | "snapshot";
  readonly digest: Digest;
  readonly state: "missing" | "damaged";
  readonly why: string;
}

export interface Examined {
  readonly named: NamedManifest;
  /** Its id, where the manifest can be read. */
  readonly id: Digest | null;
  /** Manifest or configuration cannot be read: it is no image any more. */
  readonly readable: boolean;
  readonly faults: readonly Fault[];
}

export interface ExamineStore {
  readonly blobs: Blobs;
  readonly snapshots: Snapshots;
  /** Images of other platforms need no snapshots: nobody runs them. */
  readonly platform: Platform;
}

/** `debian:12`, or where it has no name the beginning of its digest. */
export function called({ descriptor, names }: Pick<NamedManifest, "descriptor" | "names">): string {
  const [name] = names;
  return name === undefined ? descriptor.digest.slice(0, 19) : familiarName(parseReference(name));
}

export async function examine(
  { blobs, snapshots, platform }: ExamineStore,
  verifier: Verifier,
  named: NamedManifest,
): Promise<Examined> {
  const faults: Fault[] = [];
  const sound = async (part: Fault["part"], { digest, size }: { digest: Digest; size: number }) => {
    const verdict = await verifier.verify(digest, size);
    if (verdict.state === "sound") return true;
    faults.push({ part, digest, state: verdict.state, why: verdict.why });
    return false;
  };
  const unreadable = (id: Digest | null): Examined => ({ named, id, readable: false, faults });
  const { descriptor } = named;
  if (!(await sound("manifest", descriptor))) return unreadable(null);
  let manifest: Manifest;
  try {
    const document = parseDocument(await blobs.read(descriptor.digest), descriptor.mediaType, "");
    if (document.kind === "index") throw new Error("it is an index");
    ({ manifest } = document);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    faults.push({ part: "manifest", digest: descriptor.digest, state: "damaged", why });
    return unreadable(null);
  }
  const { config } = manifest;
  if (!(await sound("configuration", config))) return unreadable(config.digest);
  for (const layer of manifest.layers) await sound("layer", layer);
  const parsed = parseConfig(await blobs.read(config.digest), "");
  const own = { os: parsed.os ?? "linux", architecture: parsed.architecture ?? "" };
  if (matchesPlatform(own, platform))
    faults.push(...snapshotFaults(snapshots, chainIdsOf(diffIdsOf(manifest, parsed, ""))));
  return { named, id: config.digest, readable: true, faults };
}

function isWhole(path: string): boolean {
  try {
    return typeof JSON.parse(readFileSync(path, "utf8")).size === "number";
  } catch {
    return false;
  }
}

function snapshotFaults(snapshots: Snapshots, chainIds: readonly Digest[]): Fault[] {
  return [...new Set(chainIds)].flatMap((digest): Fault[] => {
    if (!snapshots.has(digest))
      return [{ part: "snapshot", digest, state: "missing", why: "it is not unpacked" }];
    if (!isWhole(join(snapshots.folderOf(digest), "../layer.json")))
      return [
        { part: "snapshot", digest, state: "damaged", why: "its layer.json cannot be read: it is half made" },
      ];
    return [];
  });
}
