/**
 * Holds the store against its records: index.json, manifests, configurations, layers and snapshots, from the top down,
 * every blob's content against its digest. What is repaired is only what nothing needs, or what can be made again.
 */

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../oci/digest.ts";
import { reasonOf } from "../../oci/error.ts";
import type { Names } from "../layout/names.ts";
import type { Records } from "../records.ts";
import type { Checked, Finding, Report } from "./finding.ts";
import { called, type Examined, type ExamineStore, examine, type Fault } from "./images.ts";
import { salvaged } from "./salvage.ts";
import { verifier } from "./verify.ts";

export interface CheckStore extends ExamineStore {
  readonly root: string;
  readonly names: Names;
  readonly records: Records;
  /** Unpacks the layers that have no snapshot. */
  readonly unpack: (imageId: Digest) => Promise<void>;
  /** Whether, since it was asked for, nobody but the check has been at work on blobs and snapshots. */
  readonly quiet: () => boolean;
}

export interface CheckOptions {
  readonly repair: boolean;
  /** Ids of the images that containers stand on. */
  readonly needed: ReadonlySet<string>;
  readonly report: Report;
}

type Work = CheckStore & CheckOptions;

async function checkIndex({ root, names, blobs, records, repair, report }: Work): Promise<void> {
  const { damage } = names;
  if (damage === null) return;
  let done: string | null = null;
  if (repair) {
    const manifests = await salvaged(join(root, "index.json"), blobs);
    await names.rebuild(manifests);
    for (const named of manifests) await records.learn(named).catch(() => {});
    const nameless = manifests.filter((each) => each.names.length === 0).length;
    done = `made anew of ${manifests.length} manifests, ${nameless} of them without a name; the old one is index.json.damaged`;
  }
  report({
    kind: "index-damaged",
    what: `image index ${join(root, "index.json")}`,
    why: damage.why,
    todo: "with --repair it is made anew of the blobs, and what can still be read of it names them",
    done,
  });
}

/** How an image comes back. */
const again = ({ names }: Examined["named"], name: string) =>
  names.length === 0 ? "pull or load it again" : `\`inro pull ${name}\`, or load it again`;

const parts: { readonly [part in Fault["part"]]: string } = {
  manifest: "manifest",
  configuration: "configuration",
  layer: "layer",
  snapshot: "unpacked layer",
};

/** One layer's blob, or one snapshot, of an image that can be read. */
async function checkPart(work: Work, image: Examined, fault: Fault): Promise<Finding> {
  const { blobs, snapshots, repair } = work;
  const name = called(image.named);
  const what = `${parts[fault.part]} ${fault.digest} of ${name}`;
  const { why } = fault;
  if (fault.part === "layer") {
    const todo = `${again(image.named, name)}; what is unpacked of it still runs`;
    if (fault.state === "missing") return { kind: "blob-missing", what, why, todo, done: null };
    // A blob in its place would keep a pull from fetching it: what is missing is fetched.
    if (repair) await blobs.remove(fault.digest);
    return { kind: "blob-damaged", what, why: repair ? `${why}; it was removed` : why, todo, done: null };
  }
  const kind = "snapshot-damaged" as const;
  const inUse = work.needed.size > 0;
  const todo = inUse
    ? "containers may stand on it: remove them, and check again with --repair"
    : "with --repair it is unpacked again; so it is when a container is made of the image";
  if (!repair || inUse || image.id === null) return { kind, what, why, todo, done: null };
  try {
    await snapshots.remove(fault.digest);
    await work.unpack(image.id);
    return { kind, what, why, todo, done: "unpacked again" };
  } catch (error) {
    return { kind, what, why: `${why}; ${reasonOf(error)}`, todo, done: null };
  }
}

/** An entry of the index that leads to no image any more. */
async function checkUnreadable(work: Work, image: Examined, known: ReadonlySet<string>): Promise<Finding> {
  const { blobs, names, records, needed, repair } = work;
  const { descriptor } = image.named;
  const [fault] = image.faults.slice(-1);
  const isNeeded = image.id === null ? [...needed].some((id) => !known.has(id)) : needed.has(image.id);
  const name = called(image.named);
  let done: string | null = null;
  // A platform of an index is not here any more when its manifest is not: then its layers go, if no container needs them.
  if (repair && image.isPart && !isNeeded) {
    if (fault !== undefined) await blobs.remove(fault.digest);
    await records.learn(image.named);
    done = "removed, with what only it led to; the other platforms of its index stay";
  } else if (repair && !image.isPart) {
    if (fault?.state === "damaged") await blobs.remove(fault.digest);
    if (!isNeeded) {
      await names.remove((all) => all.delete(descriptor.digest));
      done = "taken out of the index, with what only it led to";
    }
  }
  const pull = again(image.named, name);
  return {
    kind: "image-unreadable",
    what: `image ${name}`,
    why: `its ${fault?.part ?? "manifest"} ${fault?.digest ?? descriptor.digest}: ${fault?.why ?? "unknown"}`,
    todo: isNeeded
      ? `a container may stand on it, so it stays: ${pull}`
      : `${pull}; with --repair it is taken out of the index`,
    done,
  };
}

async function checkImages(work: Work, all: readonly Examined[]): Promise<ReadonlySet<string>> {
  const known = new Set<string>(
    all.flatMap((image) => (image.readable && image.id !== null ? [image.id] : [])),
  );
  const told = new Set<string>();
  for (const image of all) {
    if (!image.readable) {
      work.report(await checkUnreadable(work, image, known));
      continue;
    }
    for (const fault of image.faults) {
      // What several images share is told once.
      const key = `${fault.part} ${fault.digest}`;
      if (!told.has(key)) work.report(await checkPart(work, image, fault));
      told.add(key);
    }
  }
  return known;
}

/** Files that are only there while something is written: by path, with the time of their last change. */
async function unfinished({
  root,
  snapshots,
}: Pick<Work, "root" | "snapshots">): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const [folder, pattern] of [
    [join(root, "ingest"), /./],
    [snapshots.folder, /^\./],
  ] as const)
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const stats = pattern.test(name) ? await stat(path).catch(() => undefined) : undefined;
      if (stats !== undefined) found.set(path, stats.mtimeMs);
    }
  return found;
}

/** What no record leads to; false where nobody can say, since work is under way or an image cannot be read. */
async function checkStrays(work: Work, before: ReadonlyMap<string, number>): Promise<boolean> {
  const { blobs, snapshots, records, repair, report } = work;
  const [files, chainIds, digests, now] = [
    await blobs.strays(),
    await snapshots.list(),
    await blobs.list(),
    await unfinished(work),
  ];
  const kept = records.reachable();
  if (kept === undefined || !work.quiet()) return false;
  const left = [...now].filter(([path, time]) => before.get(path) === time).map(([path]) => path);
  // Nobody writes them any more; what a pull may use from this moment on is the sweep's to take.
  if (repair) for (const path of left) await rm(path, { recursive: true, force: true });
  const strays = [
    ...left,
    ...files,
    ...digests.filter((digest) => !kept.blobs.has(digest)).map(blobs.pathOf),
    ...chainIds.filter((id) => !kept.snapshots.has(id)).map((id) => join(snapshots.folderOf(id), "..")),
  ];
  for (const path of strays)
    report({
      kind: "stray",
      what: path,
      why: "no image leads to it: it was left behind",
      todo: "with --repair it is removed; so it is when the engine starts",
      done: repair ? "removed" : null,
    });
  return true;
}

/** Nothing may be swept while it runs; after a repair the caller sweeps. */
export async function checkStore(store: CheckStore, options: CheckOptions): Promise<Checked> {
  const work = { ...store, ...options };
  const before = await unfinished(store);
  await checkIndex(work);
  const verify = verifier(store.blobs);
  const all: Examined[] = [];
  for (const named of store.names.all.values()) all.push(...(await examine(store, verify, named)));
  const known = await checkImages(work, all);
  const strays = await checkStrays(work, before);
  return { ...verify.seen, snapshots: (await store.snapshots.list()).length, known, strays };
}
