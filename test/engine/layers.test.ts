import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { changesOf } from "../../src/engine/files/changes.ts";
import { readInLayers, statInLayers } from "../../src/engine/files/layers.ts";
import { trees } from "../../src/image/tree/tree.ts";
import { native } from "../image/fixtures.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function layers(root: string): [string, string, string] {
  const folders = ["upper", "middle", "bottom"].map((name) => join(root, name)) as [string, string, string];
  for (const folder of folders) mkdirSync(folder);
  return folders;
}

test("the uppermost layer that has a file gives it, and folders merge", () => {
  using folder = temporaryFolder("engine");
  const all = layers(folder.path);
  write(all[2], "etc/passwd", "bottom");
  write(all[1], "etc/group", "middle");
  write(all[0], "etc/passwd", "upper");
  expect(readInLayers(all, "/etc/passwd", 100)).toBe("upper");
  expect(readInLayers(all, "etc/group", 100)).toBe("middle");
  expect(readInLayers(all, "/etc/none", 100)).toBeUndefined();
  expect(readInLayers(all, "/etc", 100)).toBeUndefined();
  expect(statInLayers(all, "/etc")?.isDirectory()).toBe(true);
  expect(statInLayers(all, "/")?.isDirectory()).toBe(true);
});

test("a link in a layer leads inside the root, never to the host (R1)", () => {
  using folder = temporaryFolder("engine");
  const all = layers(folder.path);
  write(folder.path, "secret", "the host's");
  write(all[2], "real/passwd", "inside");
  symlinkSync("/real", join(all[1], "etc"));
  symlinkSync(`${"../".repeat(20)}${folder.path}/secret`, join(all[0], "out"));
  symlinkSync("loop", join(all[0], "loop"));
  expect(readInLayers(all, "/etc/passwd", 100)).toBe("inside");
  expect(readInLayers(all, "/out", 100)).toBeUndefined();
  expect(readInLayers(all, "/../../secret", 100)).toBeUndefined();
  expect(readInLayers(all, "/loop", 100)).toBeUndefined();
});

test("what is read is bounded (R17)", () => {
  using folder = temporaryFolder("engine");
  const all = layers(folder.path);
  write(all[0], "etc/passwd", "x".repeat(1000));
  expect(readInLayers(all, "/etc/passwd", 10)).toBe("x".repeat(10));
});

test.skipIf(rootMissing)("whiteouts hide, opaque folders hide all below, and both are changes", async () => {
  using folder = temporaryFolder("engine");
  const all = layers(folder.path);
  write(all[2], "gone/file", "1");
  write(all[2], "covered/file", "1");
  write(all[2], "kept/file", "1");
  mkdirSync(join(all[0], "covered"));
  write(all[0], "kept/new", "2");
  Bun.spawnSync(["mknod", join(all[0], "gone"), "c", "0", "0"]);
  const attribute = "import os,sys; os.setxattr(sys.argv[1], 'trusted.overlay.opaque', b'y')";
  Bun.spawnSync(["python3", "-c", attribute, join(all[0], "covered")]);
  expect(statInLayers(all, "/gone")).toBeUndefined();
  expect(statInLayers(all, "/gone/file")).toBeUndefined();
  expect(statInLayers(all, "/covered/file")).toBeUndefined();
  expect(statInLayers(all, "/kept/file")).toBeDefined();
  const rootfs = {
    kind: "overlay" as const,
    folder: folder.path,
    lower: ["middle", "bottom"],
    upper: "upper",
    work: "work",
    mountpoint: "root",
  };
  expect(await changesOf({ trees: trees(native) }, rootfs)).toEqual([
    { path: "/covered", kind: "modified" },
    { path: "/gone", kind: "deleted" },
    { path: "/kept", kind: "modified" },
    { path: "/kept/new", kind: "added" },
  ]);
});
