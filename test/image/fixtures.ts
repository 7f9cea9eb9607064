/** What tests of images are made of: tars entry by entry, stores in folders of their own. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Images, type ImagesOptions, openImages } from "../../src/image/images.ts";
import type { TarEntry, TarType } from "../../src/image/tar/entry.ts";
import { tarEnd, tarHeader, tarPadding } from "../../src/image/tar/writer.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** What the build makes; `inro-native-sanitized` by INRO_TEST_NATIVE. */
export const native =
  process.env["INRO_TEST_NATIVE"] ?? join(import.meta.dir, "../../build/native/inro-native");
export const hello = join(import.meta.dir, "../../build/native/hello");

export interface Item extends Partial<Omit<TarEntry, "type" | "name" | "size">> {
  readonly type?: TarType;
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** The name's bytes (latin1), where they are no UTF-8. */
  readonly bytes?: string;
  /** What the header says, whatever the content is. */
  readonly size?: number;
}

/** The blocks of one entry. */
export function blocksOf(item: Item): Buffer {
  const content = Buffer.from(item.content ?? "");
  const type = item.type ?? (item.name.endsWith("/") ? "directory" : "file");
  const header = tarHeader({
    type,
    name: item.bytes ?? Buffer.from(item.name).toString("latin1"),
    linkName: item.linkName ?? "",
    mode: item.mode ?? (type === "directory" ? 0o755 : 0o644),
    uid: item.uid ?? 0,
    gid: item.gid ?? 0,
    mtime: item.mtime ?? { seconds: 1_700_000_000, nanoseconds: 0 },
    size: item.size ?? content.length,
    major: item.major ?? 0,
    minor: item.minor ?? 0,
    xattrs: item.xattrs ?? [],
  });
  return Buffer.concat([header, content, tarPadding(content.length)]);
}

/** A tar of the items, in their order; raw blocks pass as they are. */
export function tar(...items: readonly (Item | Uint8Array)[]): Buffer {
  return Buffer.concat([
    ...items.map((item) => (item instanceof Uint8Array ? item : blocksOf(item))),
    tarEnd,
  ]);
}

/** A header block with fields overwritten and its checksum mended. */
export function forged(item: Item, edit: (header: Buffer) => void): Buffer {
  const block = blocksOf(item);
  edit(block);
  block.write("        ", 148, "latin1");
  let sum = 0;
  for (const byte of block.subarray(0, 512)) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** `docker save`'s form of one image. */
export function dockerArchive(
  name: string,
  layers: readonly Uint8Array[],
  diffIds: readonly string[],
  more: object = {},
): Buffer {
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: {},
    ...more,
    rootfs: { type: "layers", diff_ids: diffIds },
  });
  const manifest = JSON.stringify([
    { Config: "config.json", RepoTags: [name], Layers: layers.map((_, i) => `${i}/layer.tar`) },
  ]);
  return tar(
    { name: "config.json", content: config },
    ...layers.map((content, i) => ({ name: `${i}/layer.tar`, content })),
    { name: "manifest.json", content: manifest },
  );
}

export async function* chunks(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export const gzip = (bytes: Uint8Array) => gzipSync(bytes, { level: 1 });

export interface TestStore extends AsyncDisposable {
  readonly root: string;
  readonly images: Images;
  /** Closes and opens again, as a new process would. */
  reopen(): Promise<Images>;
}

export async function testStore(
  builtin?: string,
  more: Pick<ImagesOptions, "needed"> = {},
): Promise<TestStore> {
  const folder = temporaryFolder("image");
  const root = `${folder.path}/data`;
  const options = {
    root,
    native: native,
    ...more,
    ...(builtin === undefined ? {} : { builtin: { path: builtin } }),
  };
  let images = await openImages(options);
  return {
    root,
    get images() {
      return images;
    },
    async reopen() {
      await images.close();
      images = await openImages(options);
      return images;
    },
    async [Symbol.asyncDispose]() {
      await images.close();
      folder[Symbol.dispose]();
    },
  };
}
