import { expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Header, pack } from "tar-stream";
import { renamed } from "../../src/cli/copy/out-of.ts";
import { packPath } from "../../src/cli/copy/pack.ts";
import { unpack } from "../../src/cli/copy/unpack.ts";
import { temporaryFolder } from "../support/temporary.ts";

type Made = Partial<Header> & Pick<Header, "name"> & { readonly text?: string };

function tar(...entries: readonly Made[]): AsyncIterable<Uint8Array> {
  const made = pack();
  for (const { text, ...header } of entries) made.entry(header, text ?? "");
  made.finalize();
  return made as AsyncIterable<Uint8Array>;
}

const into = (folder: string, entries: AsyncIterable<Uint8Array>) =>
  unpack(entries, { folder, rename: (name) => name, keepOwner: false });

test("files, folders, links, modes and times arrive", async () => {
  using folder = temporaryFolder("cli");
  const mtime = new Date(1_700_000_000_000);
  const entries = tar(
    { name: "d", type: "directory", mode: 0o500, mtime },
    { name: "d/f", mode: 0o640, mtime, text: "hello" },
    { name: "d/l", type: "symlink", linkname: "f" },
    { name: "d/h", type: "link", linkname: "d/f" },
  );
  await into(folder.path, entries);
  expect(readFileSync(join(folder.path, "d/h"), "utf8")).toBe("hello");
  expect(statSync(join(folder.path, "d/f")).mode & 0o7777).toBe(0o640);
  expect(statSync(join(folder.path, "d")).mode & 0o7777).toBe(0o500);
  expect(statSync(join(folder.path, "d")).mtimeMs).toBe(mtime.getTime());
  expect(readlinkSync(join(folder.path, "d/l"))).toBe("f");
});

test("R9 a container's archive cannot write outside of the folder that cp was told", async () => {
  using folder = temporaryFolder("cli");
  const target = join(folder.path, "target");
  mkdirSync(target);
  const hostile: readonly (readonly Made[])[] = [
    [{ name: "../evil", text: "x" }],
    [{ name: "a/../../evil", text: "x" }],
    [
      { name: "out", type: "symlink", linkname: folder.path },
      { name: "out/evil", text: "x" },
    ],
    [
      { name: "deep", type: "directory" },
      { name: "deep/out", type: "symlink", linkname: "../.." },
      { name: "deep/out/evil", text: "x" },
    ],
    [{ name: "h", type: "link", linkname: "../evil" }],
  ];
  for (const entries of hostile) {
    const work = into(target, tar(...entries));
    await expect(work).rejects.toThrow("refused");
    expect(existsSync(join(folder.path, "evil"))).toBe(false);
  }
});

test("R9 a link at the place of a file is replaced, never followed", async () => {
  using folder = temporaryFolder("cli");
  const outside = join(folder.path, "outside");
  const target = join(folder.path, "target");
  mkdirSync(target);
  writeFileSync(outside, "untouched");
  symlinkSync(outside, join(target, "f"));
  await into(target, tar({ name: "f", text: "new" }));
  expect(readFileSync(outside, "utf8")).toBe("untouched");
  expect(readFileSync(join(target, "f"), "utf8")).toBe("new");
});

test("what is packed is what is unpacked", async () => {
  using folder = temporaryFolder("cli");
  const [source, target] = [join(folder.path, "s"), join(folder.path, "t")];
  mkdirSync(join(source, "sub"), { recursive: true });
  mkdirSync(target);
  const big = "x".repeat(700_000);
  writeFileSync(join(source, "sub/big"), big);
  writeFileSync(join(source, "empty"), "");
  symlinkSync("/etc/passwd", join(source, "link"));
  await into(target, packPath(source, { name: "copy", followTop: false }));
  expect(readFileSync(join(target, "copy/sub/big"), "utf8")).toBe(big);
  expect(statSync(join(target, "copy/empty")).size).toBe(0);
  expect(readlinkSync(join(target, "copy/link"))).toBe("/etc/passwd");
});

test("the source's own name makes way for the target's", () => {
  expect(["d", "d/", "d/x", "./d/x"].map((name) => renamed(name, "d", "new"))).toEqual([
    "new",
    "new",
    "new/x",
    "new/x",
  ]);
  expect([".", "./", "x"].map((name) => renamed(name, "d", "."))).toEqual([".", ".", "x"]);
});
