import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { importRequest } from "../../src/image/import.ts";
import { decompressed } from "../../src/image/layer-stream.ts";
import { trees } from "../../src/image/tree/tree.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { faultyRegistry, sha256, testImage } from "../image/faulty-registry.ts";
import {
  chunks,
  dockerArchive,
  forged,
  gzip,
  type Item,
  native,
  type TestStore,
  tar,
  testStore,
} from "../image/fixtures.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** What a tar of somebody else may try; `outside` is a folder of the host. */
const tries: Readonly<Record<string, (outside: string) => readonly (Item | Uint8Array)[]>> = {
  "a name upwards": () => [{ name: "../../victim/passwd", content: "owned" }],
  "an absolute name": (outside) => [{ name: `${outside}/victim/passwd`, content: "owned" }],
  "a file through a link": (outside) => [
    { name: "dir", type: "symlink", linkName: `${outside}/victim` },
    { name: "dir/passwd", content: "owned" },
  ],
  "a file through a link upwards": (outside) => [
    { name: "dir", type: "symlink", linkName: `../../../../../../../..${outside}/victim` },
    { name: "dir/passwd", content: "owned" },
  ],
  "a file over a link": (outside) => [
    { name: "file", type: "symlink", linkName: `${outside}/victim/passwd` },
    { name: "file", content: "owned" },
  ],
  "a hard link out": (outside) => [
    { name: "hard", type: "hardlink", linkName: `${outside}/victim/passwd` },
    { name: "hard", content: "owned" },
  ],
  "a hard link through a link": (outside) => [
    { name: "dir", type: "symlink", linkName: `${outside}/victim` },
    { name: "hard", type: "hardlink", linkName: "dir/passwd" },
    { name: "hard", content: "owned" },
  ],
  "a deletion through a link": (outside) => [
    { name: "dir", type: "symlink", linkName: `${outside}/victim` },
    { name: "dir/.wh.passwd" },
    { name: "dir/.wh..wh..opq" },
  ],
  "a folder that becomes a link": (outside) => [
    { name: "d/" },
    { name: "d/a", content: "" },
    { name: "d", type: "symlink", linkName: `${outside}/victim` },
    { name: "d/passwd", content: "owned" },
  ],
  "the root of the process": (outside) => [
    { name: "p", type: "symlink", linkName: "/proc/self/root" },
    { name: `p${outside}/victim/passwd`, content: "owned" },
  ],
  "a size below nothing": () => [
    forged({ name: "x" }, (header) => header.write("\xff".repeat(12), 124, "latin1")),
  ],
  "a size beyond all disks": () => [
    forged({ name: "x" }, (header) => header.write("77777777777 ", 124, "latin1")),
  ],
};

type Door = (store: TestStore, bytes: Buffer) => Promise<unknown>;

const doors: Readonly<Record<string, Door>> = {
  load: ({ images }, bytes) => images.load(chunks(dockerArchive("attack:1", [bytes], [sha256(bytes)]))),
  "load, compressed": ({ images }, bytes) =>
    images.load(chunks(gzip(dockerArchive("attack:1", [gzip(bytes)], [sha256(bytes)])))),
  async pull({ images }, bytes) {
    await using registry = await faultyRegistry(testImage(bytes), () => undefined);
    return await images.pull(parseReference(`${registry.address}/attack:1`));
  },
  import: ({ images }, bytes) =>
    images.make(importRequest(chunks(gzip(bytes)), { name: null, comment: "", changes: [], platform: null })),
  async cp(_, bytes) {
    using root = temporaryFolder("root");
    await trees(native).apply({ kind: "folder", path: root.path }, "/", chunks(bytes));
  },
  async "volume import"(_, bytes) {
    using root = temporaryFolder("root");
    const tar = decompressed(chunks(gzip(bytes)));
    await trees(native).apply({ kind: "folder", path: root.path }, "/", tar, { holes: true });
  },
};

describe.skipIf(rootMissing)("R10 what a tar may try, through every door", () => {
  let store: TestStore;
  let outside: ReturnType<typeof temporaryFolder>;

  beforeAll(async () => {
    store = await testStore();
    outside = temporaryFolder("outside");
    mkdirSync(join(outside.path, "victim"));
    writeFileSync(join(outside.path, "victim/passwd"), "untouched");
  });
  afterAll(async () => {
    await store[Symbol.asyncDispose]();
    outside[Symbol.dispose]();
  });

  describe.each(Object.entries(doors))("%s", (_, door) => {
    test.each(Object.entries(tries))("R10 %s", async (_, items) => {
      const refused = await door(store, tar(...items(outside.path))).then(
        () => undefined,
        (error: { code?: string }) => error.code ?? String(error),
      );
      expect(["LAYER_REFUSED", "ARCHIVE_REFUSED", "TREE_FAILED", undefined]).toContain(refused);
      expect(readdirSync(outside.path)).toEqual(["victim"]);
      expect(readdirSync(join(outside.path, "victim"))).toEqual(["passwd"]);
      expect(readFileSync(join(outside.path, "victim/passwd"), "utf8")).toBe("untouched");
      for (const { id } of store.images.list())
        await store.images.remove(id, { force: true, inUse: () => [] });
      expect(readdirSync(join(store.root, "ingest"))).toEqual([]);
      expect(readdirSync(join(store.root, "snapshots"))).toEqual([]);
    });
  });
});
