import { expect } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { prepareCopy } from "../../../src/build/copy/prepare.ts";
import type { CopyRequest, TreeSource } from "../../../src/build/copy/request.ts";
import { ignoreOf, parseIgnore } from "../../../src/build/dockerfile/ignore.ts";
import type { BlobPart } from "../../../src/image/layout/blobs.ts";
import type { TarEntry } from "../../../src/image/tar/entry.ts";
import { tarReader } from "../../../src/image/tar/reader.ts";
import { native } from "../../image/fixtures.ts";
import { temporaryFolder } from "../../support/temporary.ts";

/** What a folder holds: text, `-> target`, or a mode before the text: `0755:text`; a name with a slash at its end is a folder. */
export type Files = Readonly<Record<string, string>>;

export function plant(folder: string, files: Files): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(name.endsWith("/") ? path : dirname(path), { recursive: true });
    const [, mode, content] = /^(0[0-7]+):(.*)$/s.exec(text) ?? [];
    if (text.startsWith("-> ")) symlinkSync(text.slice(3), path);
    else if (!name.endsWith("/")) writeFileSync(path, content ?? text);
    if (!text.startsWith("-> "))
      chmodSync(path, Number.parseInt(mode ?? (name.endsWith("/") ? "0755" : "0644"), 8));
  }
  return folder;
}

export const source = (path: string, ...paths: readonly string[]): TreeSource => ({
  kind: "tree",
  root: { kind: "folder", path },
  title: "the build context",
  paths,
  ignore: null,
  isOurs: false,
  digests: null,
  keepsOwners: false,
  unpack: false,
});

export const request = (o: Partial<CopyRequest>): CopyRequest => ({
  sources: [],
  destination: "/",
  owner: null,
  chmod: null,
  parents: false,
  exclude: null,
  link: false,
  time: { seconds: 1_600_000_000, nanoseconds: 0 },
  latest: null,
  ...o,
});

/** What a .dockerignore of these lines hides. */
export const hiding = (lines: string) => ignoreOf(parseIgnore(lines));

export interface Listed extends TarEntry {
  readonly text: string;
}

export async function bytesOf(parts: AsyncIterable<BlobPart>): Promise<Buffer> {
  using folder = temporaryFolder("poured");
  const path = join(folder.path, "part");
  const all: Uint8Array[] = [];
  for await (const part of parts) {
    if (part instanceof Uint8Array) {
      all.push(Buffer.from(part));
      continue;
    }
    writeFileSync(path, "");
    await part.pour({ path, offset: 0 });
    const poured = readFileSync(path);
    expect(poured.length).toBe(part.size);
    all.push(poured);
  }
  return Buffer.concat(all);
}

export function listed(tar: Buffer): Listed[] {
  const all: (TarEntry & { parts: Buffer[] })[] = [];
  const reader = tarReader({
    entry: (entry) => void all.push({ ...entry, parts: [] }),
    data: (bytes) => void all.at(-1)?.parts.push(Buffer.from(bytes)),
  });
  reader.push(tar);
  reader.end();
  return all.map(({ parts, ...entry }) => ({ ...entry, text: Buffer.concat(parts).toString() }));
}

/** The layer that the request makes above the folders, entry by entry. */
export async function copied(o: Partial<CopyRequest>, below: readonly string[] = []): Promise<Listed[]> {
  const prepared = await prepareCopy(native, request(o));
  return listed(await bytesOf(prepared.layer(below)));
}

/** The same in words: `name`, with the text of a file or the target of a link; folders end with a slash. */
export async function words(o: Partial<CopyRequest>, below: readonly string[] = []): Promise<string[]> {
  return (await copied(o, below)).map(({ type, name, text, linkName }) => {
    if (type === "file") return `${name}=${text}`;
    return type === "directory" ? name : `${name} ${type} ${linkName}`;
  });
}
