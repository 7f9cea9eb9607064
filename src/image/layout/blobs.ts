/**
 * The blobs of an OCI image layout. A blob appears by rename after its digest was verified and its data is on disk;
 * nothing half-written is ever seen under `blobs/`.
 */
import { randomBytes } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { algorithmOf, type Digest, digestAs, digester, digestOf, hexOf, isDigest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { diskFull } from "../../platform/disk-full.ts";
import { spending, spent } from "../../platform/spent.ts";
import type { Place } from "../tree/look.ts";
import { syncIn } from "../tree/sync.ts";
import { syncFolder, writeDurably } from "./durable.ts";
import { trailing } from "./trailing.ts";

/** A part of a blob: bytes, or what somebody else puts into its file, at an offset. */
export type BlobPart = Uint8Array | Poured;

export interface Poured {
  readonly size: number;
  pour(into: Place): Promise<void>;
}

export interface BlobWriter {
  write(part: BlobPart): Promise<void>;
  /** Ends writing. Throws DIGEST_MISMATCH unless the digest is the expected one. */
  verify(expected?: Digest): Promise<Digest>;
  /** Verifies and publishes. After an error, as after `abort`, nothing is left. */
  commit(expected?: Digest): Promise<{ digest: Digest; size: number }>;
  abort(): Promise<void>;
}

export interface Blobs {
  pathOf(digest: Digest): string;
  /** The blob's size, undefined where it is not stored. */
  sizeOf(digest: Digest): number | undefined;
  /** A whole small blob, its digest verified again. Throws BLOB_MISSING, DIGEST_MISMATCH. */
  read(digest: Digest): Promise<Buffer>;
  /** The blob's bytes, from an offset on. Throws BLOB_MISSING. */
  stream(digest: Digest, from?: number): AsyncIterable<Uint8Array>;
  put(content: Uint8Array | string): Promise<{ digest: Digest; size: number }>;
  /** `size`, where it is known, is only for what is said of a full disk. */
  begin(algorithm?: string, size?: number): Promise<BlobWriter>;
  list(): Promise<Digest[]>;
  remove(digest: Digest): Promise<void>;
  /** Files below `blobs/` that are no blobs, by their absolute paths. */
  strays(): Promise<string[]>;
}

/** Manifests and configurations; the distribution spec asks registries to take manifests of 4 MiB. */
export const maxDocument = 8 * 1024 * 1024;

export function digestMismatch(expected: Digest, found: Digest, what: string): InroError {
  return new InroError("DIGEST_MISMATCH", {
    what,
    why: `its content is ${found}, ${expected} was promised`,
    hint: "it was damaged on the way or in the registry; pull again",
  });
}

/** Bytes that are gathered for one write. */
const writeAt = 512 * 1024;

/** Parts that are poured before they are hashed. */
const mostPouring = 32;

/** Bytes that whoever pours writes, too. */
const mostBefore = 16 * 1024;

/** Bytes from which on a process of its own waits for the disk. */
const largeBlob = 1 << 20;

interface BlobFolders {
  readonly folder: string;
  readonly ingest: string;
  readonly native: string;
}

async function beginBlob(
  { folder, ingest, native }: BlobFolders,
  algorithm: string,
  needed?: number,
): Promise<BlobWriter> {
  const name = randomBytes(8).toString("hex");
  const temporary = join(ingest, name);
  const file: FileHandle = await open(temporary, "wx+", 0o600);
  const hash = digester(algorithm);
  /** What is poured into it is hashed from the file, in its turn, and so is all that comes after it. */
  const seen = trailing(file, hash);
  let size = 0;
  /** From the first to the last. */
  const pouring: Promise<void>[] = [];
  let filled: Promise<unknown> = Promise.resolve();
  let behind: Promise<void> = Promise.resolve();
  const abort = async () => {
    await behind.catch(() => {});
    await seen.idle();
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
  };
  // One buffer for all of the blob: buffers of each write's own would be garbage as large as the blob.
  const gathered = Buffer.allocUnsafeSlow(Math.min(Math.max(needed ?? writeAt, 4096), writeAt));
  let used = 0;
  const flush = async () => {
    const due = used;
    used = 0;
    try {
      for (let at = 0; at < due; )
        at += (await file.write(gathered, at, due - at, size - due + at)).bytesWritten;
    } catch (cause) {
      throw diskFull(cause, { what: "cannot store a blob", folder: ingest, needed }) ?? cause;
    }
  };
  const pour = async ({ size: length, pour: from }: Poured) => {
    if (used > mostBefore) await flush();
    const before = Uint8Array.from(gathered.subarray(0, used));
    used = 0;
    const poured = from({ path: temporary, offset: size, before }).catch((cause: unknown) => {
      throw diskFull(cause, { what: "cannot store a blob", folder: ingest, needed: length }) ?? cause;
    });
    size += length;
    const end = size;
    filled = Promise.all([poured, filled]);
    behind = filled.then(() => seen.reach(end));
    behind.catch(() => {});
    if (pouring.push(behind) > mostPouring) await pouring.shift();
  };
  const verify = async (expected?: Digest) => {
    await flush();
    await behind;
    await seen.reach(size);
    const digest = hash.digest();
    if (expected === undefined || digest === expected) return digest;
    throw digestMismatch(expected, digest, `cannot store blob ${expected}`);
  };
  return {
    abort,
    verify,
    async write(part) {
      if (!(part instanceof Uint8Array)) return pour(part);
      const chunk = part;
      if (seen.hashed === size) seen.update(chunk);
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + gathered.length - used);
        gathered.set(part, used);
        used += part.length;
        at += part.length;
        size += part.length;
        if (used === gathered.length) await flush();
      }
      spent(chunk.length);
    },
    async commit(expected) {
      try {
        const found = await verify(expected);
        if (size < largeBlob) await file.sync();
        else await syncIn(native, ingest, name);
        await file.close();
        const home = join(folder, algorithm);
        await mkdir(home, { recursive: true, mode: 0o700 });
        await rename(temporary, join(home, hexOf(found)));
        await syncFolder(home);
        return { digest: found, size };
      } catch (error) {
        await abort();
        throw error;
      }
    },
  };
}

export function blobMissing(digest: Digest): InroError {
  const what = `cannot read blob ${digest}`;
  return new InroError("BLOB_MISSING", { what, why: "it is not in the store", hint: "pull the image again" });
}

async function readVerified(path: string, digest: Digest): Promise<Buffer> {
  const what = `cannot read blob ${digest}`;
  const content = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw blobMissing(digest);
  });
  const found = digestAs(digest, content);
  if (found === digest) return content;
  throw new InroError("DIGEST_MISMATCH", {
    what,
    why: `its content on the disk is ${found}`,
    hint: "`inro system check --repair` takes it away; then pull or load its image again",
  });
}

/** What lies below `blobs/`: blobs by their digests, and paths of what is none. */
async function listing(folder: string): Promise<{ named: Digest[]; strays: string[] }> {
  const named: Digest[] = [];
  const strays: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const names = entry.isDirectory() ? await readdir(join(folder, entry.name)) : [];
    if (!entry.isDirectory()) strays.push(join(folder, entry.name));
    for (const name of names) {
      const digest = `${entry.name}:${name}`;
      if (isDigest(digest)) named.push(digest);
      else strays.push(join(folder, entry.name, name));
    }
  }
  return { named, strays };
}

/** Where whatever is written is until it is whole; what a process that died left in it is gone when this returns. */
export async function openIngest(root: string): Promise<string> {
  const ingest = join(root, "ingest");
  await rm(ingest, { recursive: true, force: true });
  await mkdir(ingest, { recursive: true, mode: 0o700 });
  return ingest;
}

/** Opens the blobs of the layout in `root`; what is written goes through the folder `ingest`. */
export async function openBlobs(root: string, ingest: string, native: string): Promise<Blobs> {
  const folder = join(root, "blobs");
  await mkdir(join(folder, "sha256"), { recursive: true, mode: 0o700 });
  const pathOf = (digest: Digest) => join(folder, algorithmOf(digest), hexOf(digest));
  return {
    pathOf,
    sizeOf: (digest) => statSync(pathOf(digest), { throwIfNoEntry: false })?.size,
    read: (digest) => readVerified(pathOf(digest), digest),
    async *stream(digest, from = 0) {
      if (statSync(pathOf(digest), { throwIfNoEntry: false }) === undefined) throw blobMissing(digest);
      const file = createReadStream(pathOf(digest), { start: from, highWaterMark: 1 << 18 });
      yield* spending(file as AsyncIterable<Uint8Array>);
    },
    async put(content) {
      const digest = digestOf(content);
      const size = Buffer.byteLength(content);
      const stored = await readFile(pathOf(digest)).catch(() => undefined);
      // One that was damaged on the disk is replaced.
      if (stored === undefined || !stored.equals(Buffer.from(content)))
        await writeDurably(pathOf(digest), content, ingest);
      return { digest, size };
    },
    begin: (algorithm = "sha256", size) => beginBlob({ folder, ingest, native }, algorithm, size),
    async list() {
      const { named } = await listing(folder);
      return named;
    },
    async strays() {
      const { strays } = await listing(folder);
      return strays;
    },
    remove: (digest) => rm(pathOf(digest), { force: true }),
  };
}
