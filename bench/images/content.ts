/** What the rows of images move: files of this machine's own `/usr`, dealt into layers, and a heap of small files. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tarEnd, tarHeader, tarPadding } from "../../src/image/tar/writer.ts";
import { writeLayout } from "../../test/support/oci-layout.ts";

/** Larger ones would make one layer much larger than the others. */
const maxFile = 16 << 20;

function filesBelow(folder: string): { path: string; size: number }[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    const size = entry.isFile() ? statSync(path).size : Number.POSITIVE_INFINITY;
    return size <= maxFile ? [{ path, size }] : [];
  });
}

/** Of all files evenly as many as come to `bytes`, so that their sizes are mixed as those of a system are. */
export function sampled(bytes: number): string[] {
  const all = filesBelow("/usr");
  const total = all.reduce((sum, { size }) => sum + size, 0);
  const step = Math.max(total / bytes, 1);
  const chosen: string[] = [];
  for (let at = 0; at < all.length; at += step) chosen.push(all[Math.floor(at)]?.path ?? "");
  return chosen;
}

/** The files as tars, dealt like cards. */
export function tarsOf(folder: string, files: readonly string[], layers: number): string[] {
  return Array.from({ length: layers }, (_, layer) => {
    const list = join(folder, "list");
    const tar = join(folder, `${layer}.tar`);
    writeFileSync(list, files.filter((_, i) => i % layers === layer).join("\0"));
    const made = spawnSync("tar", ["-P", "-cf", tar, "--null", "--transform=s,^/,,", "-T", list]);
    if (made.status !== 0) throw new Error(`tar: ${made.stderr}`);
    return tar;
  });
}

/** A tar of `count` files of up to 2 KiB, a hundred in a folder. */
export function smallFiles(count: number): Buffer {
  const text = readFileSync("/usr/share/common-licenses/GPL-3");
  const common = { linkName: "", uid: 0, gid: 0, mtime: { seconds: 1, nanoseconds: 0 }, major: 0, minor: 0 };
  const blocks: Uint8Array[] = [];
  const add = (type: "file" | "directory", name: string, content: Uint8Array) =>
    blocks.push(
      tarHeader({ ...common, type, name, mode: 0o755, size: content.length, xattrs: [] }),
      content,
      tarPadding(content.length),
    );
  for (let i = 0; i < count; i++) {
    const folder = `small/${Math.floor(i / 100)}`;
    if (i % 100 === 0) add("directory", folder, new Uint8Array());
    add("file", `${folder}/${i}`, text.subarray(i % 8192, (i % 8192) + (i % 2048)));
  }
  return Buffer.concat([...blocks, tarEnd]);
}

interface Dealt {
  readonly files: readonly string[];
  readonly layers: number;
}

/** An image as an OCI layout in `folder`, of these tars or of `/usr`'s files in so many layers. */
export function layout(folder: string, content: readonly Uint8Array[] | Dealt): void {
  mkdirSync(folder);
  const layers = "files" in content ? tarsOf(folder, content.files, content.layers) : content;
  writeLayout(folder, "bench", { layers });
}
