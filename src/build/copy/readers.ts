import type { BlobPart } from "../../image/layout/blobs.ts";
import { noLater, type TarEntry } from "../../image/tar/entry.ts";
import { tarHeader, tarPadding } from "../../image/tar/writer.ts";
import { toText } from "../../image/tree/entry.ts";
import { type Content, lookAt, type Place, type TreeLook } from "../../image/tree/look.ts";
import { InroError } from "../../oci/error.ts";
import type { TreeFound } from "./found.ts";

/** Where a file's data is. `key` is the same for all names of one file. */
export type Data =
  | { readonly kind: "tree"; readonly source: TreeFound; readonly path: string; readonly key: string }
  | { readonly kind: "inline"; readonly content: Uint8Array };

export type Reading = Extract<Data, { kind: "tree" }>;

/** Reads files of several sources, of each in the order in which they will be asked for. */
export class Readers implements AsyncDisposable {
  private readonly native: string;
  private readonly latest: number;
  private readonly paths = new Map<TreeFound, string[]>();
  private readonly open = new Map<
    TreeFound,
    { readonly look: TreeLook; readonly parts: AsyncGenerator<Content> }
  >();

  private readonly pouring = new Map<TreeFound, Promise<TreeLook>>();
  private readonly underWay = new Set<Promise<void>>();

  constructor(native: string, latest: number, files: readonly Reading[]) {
    this.native = native;
    this.latest = latest;
    for (const { source, path } of files) {
      const known = this.paths.get(source);
      if (known === undefined) this.paths.set(source, [path]);
      else known.push(path);
    }
  }

  /** The file as it is now: a log that grows meanwhile is copied as far as it is, and the copy is not verified then. */
  async *file(entry: TarEntry, { source, path }: Reading): AsyncGenerator<Uint8Array> {
    const parts = await this.partsOf(source);
    try {
      const first = await parts.next();
      if (first.done === true || first.value.kind !== "file")
        throw new Error(`no file where ${path} should begin`);
      const { size, mtime } = first.value.entry;
      yield tarHeader(noLater({ ...entry, size, mtime }, this.latest));
      for (let left = size; left > 0; ) {
        const part = await parts.next();
        if (part.done === true || part.value.kind !== "data") throw new Error(`${path} ended too early`);
        left -= part.value.bytes.length;
        yield part.value.bytes;
      }
      yield tarPadding(size);
    } catch (cause) {
      if (cause instanceof InroError && cause.code === "TREE_FAILED") throw changed(path, cause);
      throw cause;
    }
  }

  /** A large file, whose data is moved beside whatever else is read; what it has grown by since is not in the copy. */
  async *poured(entry: TarEntry, { source, path }: Reading): AsyncGenerator<BlobPart> {
    const look = this.pouring.get(source) ?? lookAt(this.native, source.source.root);
    this.pouring.set(source, look);
    const { size } = entry;
    yield tarHeader(noLater(entry, this.latest));
    const pour = async (into: Place) => {
      try {
        await (await look).pour(path, size, into);
      } catch (cause) {
        const isGone =
          cause instanceof InroError && cause.code === "TREE_FAILED" && !/ENOSPC/.test(cause.why);
        throw isGone ? changed(path, cause) : cause;
      }
    };
    yield {
      size,
      pour: (into) => {
        const poured = pour(into);
        this.underWay.add(poured);
        poured.finally(() => this.underWay.delete(poured)).catch(() => {});
        return poured;
      },
    };
    yield tarPadding(size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { look } of this.open.values()) await look[Symbol.asyncDispose]();
    await Promise.allSettled(this.underWay);
    for (const look of this.pouring.values()) await (await look)[Symbol.asyncDispose]();
  }

  private async partsOf(source: TreeFound): Promise<AsyncGenerator<Content>> {
    const known = this.open.get(source);
    if (known !== undefined) return known.parts;
    const look = await lookAt(this.native, source.source.root);
    const parts = look.contents(this.paths.get(source) ?? []);
    this.open.set(source, { look, parts });
    return parts;
  }
}

const changed = (path: string, cause: InroError) =>
  new InroError("COPY_SOURCE_CHANGED", {
    what: `cannot copy ${JSON.stringify(toText(path))}`,
    why: `it changed while it was read: ${cause.why}`,
    hint: "build again",
    cause,
  });
