/** Each entry of the index, followed down to the blobs and snapshots that it needs. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Descriptor } from "../../oci/descriptor.ts";
import { chainIdsOf, type Digest } from "../../oci/digest.ts";
import { reasonOf } from "../../oci/error.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { matchesPlatform, type Platform } from "../../oci/platform.ts";
import { familiar } from "../../oci/reference.ts";
import { diffIdsOf, parseConfig, parseDocument } from "../document.ts";
import type { Blobs } from "../layout/blobs.ts";
import type { NamedManifest } from "../layout/names.ts";
import { maxDepth, platformOf } from "../platforms.ts";
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
  /** It is one of an index, which stays without it. */
  readonly isPart: boolean;
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
  return name === undefined ? descriptor.digest.slice(0, 19) : familiar(name);
}

type Part = Pick<Descriptor, "mediaType" | "digest" | "size">;

/** A root, and what it leads to: of an index each manifest that is here. What of an index is not here is no fault. */
export async function examine(
  store: ExamineStore,
  verifier: Verifier,
  named: NamedManifest,
): Promise<Examined[]> {
  const { blobs } = store;
  const all: Examined[] = [];
  const visit = async (descriptor: Part, depth: number): Promise<void> => {
    const isPart = depth > 0;
    const fail = (state: Fault["state"], why: string) =>
      all.push({
        ...{ named, id: null, readable: false, isPart },
        faults: [{ part: "manifest", digest: descriptor.digest, state, why }],
      });
    if (isPart && blobs.sizeOf(descriptor.digest) === undefined) return;
    const verdict = await verifier.verify(descriptor.digest, descriptor.size);
    if (verdict.state !== "sound") return void fail(verdict.state, verdict.why);
    try {
      const document = parseDocument(await blobs.read(descriptor.digest), descriptor.mediaType, "");
      if (document.kind === "index") {
        if (depth >= maxDepth) throw new Error("it points to indexes without end");
        for (const child of document.index.manifests) await visit(child, depth + 1);
      } else if (!isPart || blobs.sizeOf(document.manifest.config.digest) !== undefined)
        all.push({ named, isPart, ...(await examineManifest(store, verifier, document.manifest)) });
    } catch (error) {
      fail("damaged", reasonOf(error));
    }
  };
  await visit(named.descriptor, 0);
  return all;
}

async function examineManifest(
  { blobs, snapshots, platform }: ExamineStore,
  verifier: Verifier,
  manifest: Manifest,
): Promise<Pick<Examined, "id" | "readable" | "faults">> {
  const faults: Fault[] = [];
  const sound = async (part: Fault["part"], { digest, size }: { digest: Digest; size: number }) => {
    const verdict = await verifier.verify(digest, size);
    if (verdict.state === "sound") return true;
    faults.push({ part, digest, state: verdict.state, why: verdict.why });
    return false;
  };
  const { config, layers } = manifest;
  if (!(await sound("configuration", config))) return { id: config.digest, readable: false, faults };
  for (const layer of layers) await sound("layer", layer);
  const parsed = parseConfig(await blobs.read(config.digest), "");
  if (matchesPlatform(platformOf(parsed), platform))
    faults.push(...snapshotFaults(snapshots, chainIdsOf(diffIdsOf(manifest, parsed, ""))));
  return { id: config.digest, readable: true, faults };
}

function isWhole(path: string): boolean {
  try {
    return typeof JSON.parse(readFileSync(path, "utf8")).size === "number";
  } catch {
    return false;
  }
}

/** One that is not there is no fault: a layer is unpacked when somebody stands on it. */
function snapshotFaults(snapshots: Snapshots, chainIds: readonly Digest[]): Fault[] {
  const why = "its layer.json cannot be read: it is half made";
  return [...new Set(chainIds)]
    .filter((digest) => snapshots.has(digest))
    .filter((digest) => !isWhole(join(snapshots.folderOf(digest), "../layer.json")))
    .map((digest) => ({ part: "snapshot", digest, state: "damaged", why }));
}
