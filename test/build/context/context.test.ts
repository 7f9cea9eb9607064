import { expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openContext } from "../../../src/build/context/context.ts";
import { trees } from "../../../src/image/tree/tree.ts";
import { chunks, gzip, type Item, native, tar } from "../../image/fixtures.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { plant } from "../copy/fixture.ts";

const parts = (folder: string) => ({
  ...{ native, trees: trees(native), folder, signal: new AbortController().signal },
  access: { secrets: new Map(), ssh: new Map() },
});

async function received(
  bytes: Uint8Array,
  use: (folder: string, dockerfile: string | undefined) => unknown = () => {},
) {
  using folder = temporaryFolder("context");
  const request = { kind: "stream", bytes: chunks(bytes, 100) } as const;
  const { root, isOurs, dockerfile } = await openContext(request, "the build context", parts(folder.path));
  expect(isOurs).toBe(true);
  await use(root.path, dockerfile);
}

test("a tar is unpacked, compressed or not", async () => {
  const bytes = tar({ name: "Dockerfile", content: "FROM scratch" }, { name: "d/a", content: "a" });
  for (const each of [bytes, gzip(bytes)])
    await received(each, (folder, dockerfile) => {
      expect(dockerfile).toBeUndefined();
      expect(readFileSync(join(folder, "d/a"), "utf8")).toBe("a");
      expect(lstatSync(folder).mode & 0o777).toBe(0o700);
    });
  await received(tar(), (folder) => expect(readdirSync(folder)).toEqual([]));
});

test("a Dockerfile may come alone, and nothing else", async () => {
  for (const text of ["FROM scratch\n", `FROM scratch\n${"# long\n".repeat(1000)}`])
    for (const bytes of [Buffer.from(text), gzip(Buffer.from(text))])
      await received(bytes, (folder, dockerfile) => {
        expect(dockerfile).toBe(text);
        expect(readdirSync(folder)).toEqual([]);
      });
  for (const [bytes, why] of [
    ["", "it is empty"],
    ["FROM\0", "it is neither a tar nor text"],
    ["x".repeat(5_000_000), "it is no tar"],
  ] as const)
    await expect(received(Buffer.from(bytes))).rejects.toMatchObject({
      code: "CONTEXT_INVALID",
      why: expect.stringContaining(why),
    });
});

test("R10 a hostile context is refused, and leaves nothing behind", async () => {
  using outside = temporaryFolder("r10");
  const hostile: Item[][] = [
    [{ name: "../../x" }],
    [{ name: "a", type: "hardlink", linkName: "../../etc/passwd" }],
    [{ name: "a", size: 1 << 20 }],
    [{ name: "x".repeat(300) }],
  ];
  for (const items of hostile)
    await expect(received(tar(...items))).rejects.toMatchObject({ code: "CONTEXT_INVALID" });
  await received(
    tar({ name: "a", type: "symlink", linkName: outside.path }, { name: "a/b", content: "b" }),
  ).catch(() => {});
  expect(readdirSync(outside.path)).toEqual([]);
});

test("a local context is a folder, also by a link to it", async () => {
  using folder = temporaryFolder("context");
  plant(folder.path, { "d/a": "a", l: "-> d", dangling: "-> none" });
  const opened = (path: string) =>
    openContext({ kind: "folder", path }, "the build context", parts(folder.path));
  const { root, isOurs, read } = await opened(join(folder.path, "l"));
  expect([root.path, isOurs, read("a"), read("b")]).toEqual([join(folder.path, "d"), false, "a", undefined]);
  for (const path of ["d/a", "none", "dangling"])
    await expect(opened(join(folder.path, path))).rejects.toMatchObject({ code: "CONTEXT_INVALID" });
  await expect(opened("relative")).rejects.toThrow("is not absolute");
});

test("R9 files of a context are read inside it, and regular ones alone", async () => {
  using folder = temporaryFolder("context");
  writeFileSync(join(folder.path, "secret"), "secret");
  const path = plant(join(folder.path, "a"), {
    ...{ Dockerfile: "1", "d/Other": "2", l: "-> /d/Other", zero: "-> /dev/zero" },
    ...{ out: `-> ${folder.path}/secret`, up: "-> ../secret" },
  });
  const { read } = await openContext({ kind: "folder", path }, "the build context", parts(folder.path));
  expect(["Dockerfile", "./d/../d/Other", "l"].map(read)).toEqual(["1", "2", "2"]);
  for (const name of ["out", "up", "../secret", "zero", "d", "none"]) expect(read(name)).toBeUndefined();
});
