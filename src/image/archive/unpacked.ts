/** An image archive's files, spooled into blobs while their digests are taken: nothing is held in memory. */
import type { Digest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { decompressed } from "../layer-stream.ts";
import type { Blobs, BlobWriter } from "../layout/blobs.ts";
import type { TarEntry } from "../tar/entry.ts";
import { TarError } from "../tar/error.ts";
import { tarReader } from "../tar/reader.ts";
import { toText } from "../tree/entry.ts";
import { treePath } from "../tree/names.ts";

export interface SpooledFile {
  readonly digest: Digest;
  readonly size: number;
}

export interface Spooled {
  /** What a path of the archive holds, symbolic and hard links followed. Throws ARCHIVE_INVALID where nothing is. */
  file(path: string): SpooledFile;
  has(path: string): boolean;
  /** Of all files: blobs that were stored just now. */
  readonly digests: ReadonlySet<Digest>;
  /** Text of a small file. */
  text(path: string): Promise<string>;
}

const maxFiles = 20_000;
const maxText = 8 * 1024 * 1024;

export function archiveInvalid(why: string, cause?: unknown): InroError {
  const hint = "it has to be what `docker save` writes, or an OCI image layout, as a tar";
  return new InroError("ARCHIVE_INVALID", { what: "cannot load the archive", why, hint, cause });
}

function targetOf(e: TarEntry, path: string): string {
  if (e.type === "hardlink") return treePath(e.linkName);
  // docker's old archives link ../<layer>/layer.tar; the target is a path of the archive and of nothing else.
  const parts = e.linkName.startsWith("/") ? [] : path.split("/").slice(0, -1);
  for (const part of e.linkName.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined)
        throw new TarError(`the link ${JSON.stringify(toText(path))} leads out of the archive`);
    } else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Works a chunk at a time: the reader is synchronous, writing is not, so writes are queued and awaited per chunk. */
class Spool {
  readonly files = new Map<string, SpooledFile>();
  readonly links = new Map<string, string>();
  private readonly blobs: Blobs;
  private queue: (() => Promise<void>)[] = [];
  /** The file whose bytes come now. */
  private path: string | undefined;
  /** Of the file whose bytes are written now, which may be one before it. */
  private writer: BlobWriter | undefined;

  constructor(blobs: Blobs) {
    this.blobs = blobs;
  }

  entry(e: TarEntry): void {
    this.finish();
    const path = treePath(e.name);
    if (this.files.size + this.links.size >= maxFiles)
      throw new TarError(`it has more than ${maxFiles} files`);
    if (e.type === "symlink" || e.type === "hardlink") this.links.set(path, targetOf(e, path));
    else if (e.type === "file") this.begin(path, e.size);
    else if (e.type !== "directory") throw new TarError(`${JSON.stringify(toText(path))} is a ${e.type}`);
  }

  private begin(path: string, size: number): void {
    this.path = path;
    this.queue.push(async () => {
      this.writer = await this.blobs.begin("sha256", size);
    });
  }

  data(bytes: Uint8Array): void {
    if (this.path === undefined) return;
    // Of the chunk that is pushed just now, which stays as it is until `drain` has ended.
    this.queue.push(async () => this.writer?.write(bytes));
  }

  finish(): void {
    const { path } = this;
    this.path = undefined;
    if (path === undefined) return;
    this.queue.push(async () => {
      const stored = await this.writer?.commit();
      this.writer = undefined;
      if (stored !== undefined) this.files.set(path, stored);
    });
  }

  async drain(): Promise<void> {
    const due = this.queue;
    this.queue = [];
    for (const work of due) await work();
  }

  async abort(): Promise<void> {
    await this.writer?.abort();
  }
}

function follow(spool: Spool, path: string): SpooledFile | undefined {
  let at = path;
  for (let i = 0; i < 8; i++) {
    const file = spool.files.get(at);
    if (file !== undefined) return file;
    const target = spool.links.get(at);
    if (target === undefined) return undefined;
    at = target;
  }
  return undefined;
}

/** Takes the whole archive in. What it spooled is swept with everything else that no image leads to. */
export async function spoolArchive(archive: AsyncIterable<Uint8Array>, blobs: Blobs): Promise<Spooled> {
  const spool = new Spool(blobs);
  const reader = tarReader({ entry: (e) => spool.entry(e), data: (bytes) => spool.data(bytes) });
  try {
    for await (const chunk of decompressed(archive)) {
      reader.push(chunk);
      await spool.drain();
    }
    reader.end();
    spool.finish();
    await spool.drain();
  } catch (error) {
    await spool.abort();
    const why =
      error instanceof TarError || (error as { code?: string }).code === "LAYER_DAMAGED"
        ? (error as Error).message
        : undefined;
    throw why === undefined ? error : archiveInvalid(why, error);
  }
  const file = (path: string) => {
    const found = follow(spool, treePath(path));
    if (found === undefined) throw archiveInvalid(`it has no ${JSON.stringify(path)}`);
    return found;
  };
  return {
    file,
    digests: new Set([...spool.files.values()].map(({ digest }) => digest)),
    has: (path) => follow(spool, treePath(path)) !== undefined,
    async text(path) {
      const { digest, size } = file(path);
      if (size > maxText) throw archiveInvalid(`${JSON.stringify(path)} is ${size} bytes long`);
      return (await blobs.read(digest)).toString("utf8");
    },
  };
}
