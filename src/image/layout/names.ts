/**
 * index.json of the layout: which manifests there are and how they are called. It is the only record of images; what
 * an image consists of is read from its manifest and configuration.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { indexSchema } from "../../oci/index.ts";
import { mediaType } from "../../oci/media-type.ts";
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

function fromDescriptors(descriptors: readonly Descriptor[]): Map<Digest, NamedManifest> {
  const found = new Map<Digest, NamedManifest>();
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
  /** Adds a manifest, or names to one. A name that another manifest had moves. */
  add(manifest: NamedManifest): Promise<void>;
  /** Takes a name away; the manifest stays, dangling if that was its last. */
  untag(name: string): Promise<void>;
  drop(digest: Digest): Promise<void>;
}

async function load(path: string): Promise<Map<Digest, NamedManifest>> {
  if (!existsSync(path)) return new Map();
  const parsed = v.safeParse(indexSchema, JSON.parse(await readFile(path, "utf8")));
  if (parsed.success) return fromDescriptors(parsed.output.manifests);
  throw new InroError("LAYOUT_DAMAGED", {
    what: `cannot read the image index ${path}`,
    why: v.summarize(parsed.issues),
  });
}

/** Opens, or begins, the layout's index in `root`. */
export async function openNames(root: string): Promise<Names> {
  await mkdir(root, { recursive: true, mode: 0o711 });
  const path = join(root, "index.json");
  let all = await load(path);
  let last: Promise<unknown> = Promise.resolve();
  // One change after the other, each on disk before it is seen.
  const change = (edit: (next: Map<Digest, NamedManifest>) => void): Promise<void> => {
    const done = last.then(async () => {
      const next = new Map(all);
      edit(next);
      const manifests = [...next.values()].flatMap(indexEntries);
      const index = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests };
      await writeDurably(path, `${JSON.stringify(index, null, 2)}\n`);
      all = next;
    });
    last = done.catch(() => {});
    return done;
  };
  const takeName = (next: Map<Digest, NamedManifest>, name: string) => {
    for (const [digest, entry] of next) {
      if (entry.names.includes(name))
        next.set(digest, { ...entry, names: entry.names.filter((other) => other !== name) });
    }
  };
  if (!existsSync(path)) await change(() => {});
  if (!existsSync(join(root, "oci-layout"))) {
    await writeDurably(join(root, "oci-layout"), `${JSON.stringify({ imageLayoutVersion: "1.0.0" })}\n`);
  }
  return {
    get all() {
      return all;
    },
    add: (entry) =>
      change((next) => {
        for (const name of entry.names) takeName(next, name);
        const before = next.get(entry.descriptor.digest);
        next.set(entry.descriptor.digest, {
          descriptor: before?.descriptor ?? entry.descriptor,
          names: [...new Set([...(before?.names ?? []), ...entry.names])].sort(),
          repoDigests: [...new Set([...(before?.repoDigests ?? []), ...entry.repoDigests])].sort(),
        });
      }),
    untag: (name) => change((next) => takeName(next, name)),
    drop: (digest) => change((next) => next.delete(digest)),
  };
}
