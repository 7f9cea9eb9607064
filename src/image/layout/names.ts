/**
 * index.json of the layout: which manifests there are and how they are called. It is the only record of images; what
 * an image consists of is read from its manifest and configuration.
 */
import { existsSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { indexSchema } from "../../oci/index.ts";
import { mediaType } from "../../oci/media-type.ts";
import type { Reserve } from "../../platform/reserve.ts";
import { writeDurably } from "./durable.ts";

export const annotation = {
  refName: "org.opencontainers.image.ref.name",
  /** What containerd and docker write into archives: the name in full. */
  imageName: "io.containerd.image.name",
  /** `docker.io/library/debian@sha256:…`, separated by blanks. */
  repoDigests: "dev.inro.repo-digests",
} as const;

/** One manifest of index.json; without names it is dangling. */
export interface NamedManifest {
  readonly descriptor: Pick<Descriptor, "mediaType" | "digest" | "size" | "platform">;
  readonly names: readonly string[];
  readonly repoDigests: readonly string[];
}

/** What index.json says at one moment; a change works on a copy of it. */
export type NamedManifests = Map<Digest, NamedManifest>;

/** What index.json says of a manifest: one entry for each name. */
export function indexEntries({ descriptor, names, repoDigests }: NamedManifest): object[] {
  const shared = repoDigests.length === 0 ? {} : { [annotation.repoDigests]: repoDigests.join(" ") };
  const { mediaType: type, digest, size, platform } = descriptor;
  const base = { mediaType: type, digest, size, ...(platform === undefined ? {} : { platform }) };
  if (names.length === 0) return [{ ...base, annotations: shared }];
  return names.map((name) => ({
    ...base,
    annotations: { [annotation.refName]: name, [annotation.imageName]: name, ...shared },
  }));
}

function fromDescriptors(descriptors: readonly Descriptor[]): NamedManifests {
  const found: NamedManifests = new Map();
  for (const descriptor of descriptors) {
    const notes = descriptor.annotations ?? {};
    const name = notes[annotation.imageName] ?? notes[annotation.refName];
    const repoDigests = (notes[annotation.repoDigests] ?? "").split(" ").filter((text) => text !== "");
    const before = found.get(descriptor.digest);
    const names = [...new Set([...(before?.names ?? []), ...(name === undefined ? [] : [name])])].sort();
    found.set(descriptor.digest, {
      descriptor: before?.descriptor ?? descriptor,
      names,
      repoDigests: [...new Set([...(before?.repoDigests ?? []), ...repoDigests])].sort(),
    });
  }
  return found;
}

export interface Names {
  readonly all: ReadonlyMap<Digest, NamedManifest>;
  /** LAYOUT_DAMAGED as long as index.json cannot be read: then nothing is known, and every change is refused with it. */
  readonly damage: InroError | null;
  /** Adds a manifest, or names to one. A name that another manifest had moves. */
  add(manifest: NamedManifest): Promise<void>;
  /** More names for a manifest that is there; false where it is gone. */
  extend(digest: Digest, more: Pick<NamedManifest, "names" | "repoDigests">): Promise<boolean>;
  /** Another manifest in the place of one, with all its names; false where that is gone. */
  replace(digest: Digest, descriptor: NamedManifest["descriptor"]): Promise<boolean>;
  /** What `change` takes out is seen no more when it returns, before it is gone from the disk; what it throws changes nothing. */
  remove<T>(change: (all: NamedManifests) => T): Promise<T>;
  /** Puts a damaged index aside as index.json.damaged, and these manifests into a new one. */
  rebuild(manifests: readonly NamedManifest[]): Promise<void>;
}

/** Takes a name away from whatever has it. */
export function takeName(all: NamedManifests, name: string): void {
  for (const [digest, entry] of all) {
    if (entry.names.includes(name))
      all.set(digest, { ...entry, names: entry.names.filter((other) => other !== name) });
  }
}

function put(all: NamedManifests, entry: NamedManifest): void {
  for (const name of entry.names) takeName(all, name);
  const before = all.get(entry.descriptor.digest);
  all.set(entry.descriptor.digest, {
    descriptor: before?.descriptor ?? entry.descriptor,
    names: [...new Set([...(before?.names ?? []), ...entry.names])].sort(),
    repoDigests: [...new Set([...(before?.repoDigests ?? []), ...entry.repoDigests])].sort(),
  });
}

const isIn = (all: NamedManifests, { descriptor, names, repoDigests }: NamedManifest): boolean => {
  const there = all.get(descriptor.digest);
  if (there === undefined) return false;
  return (
    names.every((name) => there.names.includes(name)) &&
    repoDigests.every((each) => there.repoDigests.includes(each))
  );
};

function damaged(path: string, why: string, cause?: unknown): InroError {
  return new InroError("LAYOUT_DAMAGED", {
    what: `cannot read the image index ${path}`,
    why,
    hint: "`inro system check --repair` makes a new one of the blobs, which are untouched",
    cause,
  });
}

async function load(path: string): Promise<NamedManifests | InroError> {
  if (!existsSync(path)) return new Map();
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    return damaged(path, "it is no JSON", cause);
  }
  const parsed = v.safeParse(indexSchema, value);
  return parsed.success
    ? fromDescriptors(parsed.output.manifests)
    : damaged(path, v.summarize(parsed.issues));
}

/** Opens, or begins, the layout's index in `root`; what is written goes through the folder `ingest`. */
export async function openNames(root: string, ingest: string, reserve?: Reserve): Promise<Names> {
  const path = join(root, "index.json");
  const found = await load(path);
  let damage = found instanceof InroError ? found : null;
  let all: NamedManifests = found instanceof InroError ? new Map() : found;
  let last: Promise<unknown> = Promise.resolve();
  const write = async (next: NamedManifests) => {
    const manifests = [...next.values()].flatMap(indexEntries);
    const index = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests };
    await writeDurably(path, `${JSON.stringify(index, null, 2)}\n`, ingest);
  };
  // One change after the other.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  const copy = (): NamedManifests => {
    if (damage !== null) throw damage;
    return new Map(all);
  };
  // What is added is on disk before it is seen.
  const add = (edit: (next: NamedManifests) => boolean): Promise<boolean> =>
    inTurn(async () => {
      const next = copy();
      if (!edit(next)) return false;
      await write(next);
      all = next;
      return true;
    });
  if (!existsSync(path)) await write(all);
  if (!existsSync(join(root, "oci-layout")))
    await writeDurably(
      join(root, "oci-layout"),
      `${JSON.stringify({ imageLayoutVersion: "1.0.0" })}\n`,
      ingest,
    );
  return {
    get all() {
      return all;
    },
    get damage() {
      return damage;
    },
    add: async (entry) => {
      await add((next) => {
        if (isIn(next, entry)) return false;
        put(next, entry);
        return true;
      });
    },
    extend: (digest, more) =>
      add((next) => {
        const entry = next.get(digest);
        if (entry !== undefined) put(next, { descriptor: entry.descriptor, ...more });
        return entry !== undefined;
      }),
    replace: (digest, descriptor) =>
      add((next) => {
        const entry = next.get(digest);
        if (!next.delete(digest) || entry === undefined) return false;
        put(next, { ...entry, descriptor });
        return true;
      }),
    remove: (change) =>
      inTurn(async () => {
        const before = all;
        const next = copy();
        const answer = change(next);
        all = next;
        try {
          await write(next).catch((error) => {
            // What makes space needs some first.
            if ((error as InroError).code === "NO_SPACE" && reserve?.give()) return write(next);
            throw error;
          });
        } catch (error) {
          all = before;
          throw error;
        }
        return answer;
      }),
    rebuild: (manifests) =>
      inTurn(async () => {
        const next: NamedManifests = new Map();
        for (const each of manifests) put(next, each);
        if (existsSync(path)) await rename(path, `${path}.damaged`);
        await write(next);
        [all, damage] = [next, null];
      }),
  };
}
