/**
 * What an image's signatures were when it came in, by which `run` verifies it again without the registry. It is proof by
 * its signatures alone: nothing here is believed because it is here.
 */
import { constants } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { type Digest, hexOf } from "../../oci/digest.ts";
import { maxPayload, maxSignature, type Signature } from "../../oci/simple-signing.ts";
import { maxDocument } from "../layout/blobs.ts";
import { writeDurably } from "../layout/durable.ts";

export interface Proof {
  readonly signatures: readonly Signature[];
  /** Indexes that lead to the manifest, one of which may be what is signed. */
  readonly indexes: readonly Uint8Array[];
}

export interface Evidence {
  /** What is kept of a manifest. */
  of(manifest: Digest): Promise<Proof>;
  /** Adds to what is kept. */
  keep(manifest: Digest, proof: Proof): Promise<void>;
  /** Drops what belongs to no manifest that is kept. */
  sweep(kept: ReadonlySet<Digest>): Promise<void>;
}

/** Of one manifest: names and keys change, so the newest count. */
const maxSignatures = 32;
const maxIndexes = 8;
/** In base64, which needs 4 bytes for 3. */
const maxFile = Math.ceil((maxSignatures * (maxPayload + maxSignature) + maxIndexes * maxDocument) * 1.4);

const bytes = v.pipe(
  v.string(),
  v.transform((text) => new Uint8Array(Buffer.from(text, "base64"))),
);
const schema = v.object({
  signatures: v.array(v.object({ payload: bytes, signature: bytes })),
  indexes: v.array(bytes),
});

const none: Proof = { signatures: [], indexes: [] };
const base64 = (content: Uint8Array) => Buffer.from(content).toString("base64");

/** What cannot be read proves nothing. */
async function read(path: string): Promise<Proof> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    if ((await file.stat()).size > maxFile) return none;
    return v.parse(schema, JSON.parse(await file.readFile("utf8")));
  } catch {
    return none;
  }
}

const newest = <T>(items: readonly T[], most: number, sameAs: (item: T) => string): T[] =>
  [...new Map(items.map((item) => [sameAs(item), item])).values()].slice(-most);

/** In the store's root; `ingest` is its folder for what is being written. */
export async function openEvidence(root: string, ingest: string): Promise<Evidence> {
  const folder = join(root, "trust");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (digest: Digest) => join(folder, hexOf(digest));
  let last: Promise<unknown> = Promise.resolve();
  return {
    of: (manifest) => read(pathOf(manifest)),
    keep(manifest, { signatures, indexes }) {
      const done = last.then(async () => {
        const had = await read(pathOf(manifest));
        const all = {
          signatures: newest([...had.signatures, ...signatures], maxSignatures, (each) =>
            base64(each.signature),
          ).map(({ payload, signature }) => ({ payload: base64(payload), signature: base64(signature) })),
          indexes: newest([...had.indexes, ...indexes].map(base64), maxIndexes, (each) => each),
        };
        await writeDurably(pathOf(manifest), `${JSON.stringify(all)}\n`, ingest);
      });
      last = done.catch(() => {});
      return done;
    },
    async sweep(kept) {
      const hexes = new Set([...kept].map(hexOf));
      for (const name of await readdir(folder)) if (!hexes.has(name)) await rm(join(folder, name));
    },
  };
}
