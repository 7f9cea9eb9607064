import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { diffIdsOf, parseConfig, parseDocument } from "../../src/image/document.ts";
import { decompressed } from "../../src/image/layer-stream.ts";
import { chooseManifest } from "../../src/image/platforms.ts";
import { layerEntry } from "../../src/image/snapshot/layer-entry.ts";
import type { TarEntry } from "../../src/image/tar/entry.ts";
import { TarError } from "../../src/image/tar/error.ts";
import { tarReader } from "../../src/image/tar/reader.ts";
import { trees } from "../../src/image/tree/tree.ts";
import { InroError } from "../../src/oci/error.ts";
import { damaged, generator } from "../runtime/config-fuzz.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { indexType, manifestType, sha256, testImage } from "./faulty-registry.ts";
import { chunks, dockerArchive, gzip, native, type TestStore, tar, testStore } from "./fixtures.ts";
import { damagedBytes, damagedTar, pieces, type Random, tars } from "./readers-fuzz.ts";

/** Seconds that each of the tests goes on; without it, a number of rounds that takes one or two. */
const seconds = Number(process.env["INRO_FUZZ_SECONDS"] ?? 0);
const first = Number(process.env["INRO_FUZZ_SEED"] ?? (seconds > 0 ? Date.now() : 1));

/** Seeds one after the other; the one that failed is in the error. */
async function fuzz(rounds: number, work: (random: Random, seed: number) => unknown): Promise<void> {
  const end = Date.now() + seconds * 1000;
  let seed = first;
  console.log(`seed ${seed}`);
  for (let n = 0; seconds > 0 ? Date.now() < end : n < rounds; n++, seed++) {
    try {
      await work(generator(seed), seed);
    } catch (error) {
      throw new Error(`INRO_FUZZ_SEED=${seed}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  if (seconds > 0) console.log(`up to seed ${seed}`);
}

const timeout = seconds * 1000 + 60_000;

/** All that the reader says of a tar, and the bytes of its files. */
function read(parts: Iterable<Buffer>): string {
  const said: string[] = [];
  let [left, hash] = [0, createHash("sha256")];
  const reader = tarReader({
    entry(entry: TarEntry) {
      if (left !== 0) throw new Error("an entry begins within another one's data");
      left = entry.size;
      said.push(hash.digest("hex"), JSON.stringify(entry));
      hash = createHash("sha256");
      const tree = layerEntry(entry);
      if (tree === undefined) return;
      const parts = tree.path.split("/");
      const isPlain =
        tree.path === "" || parts.every((part) => !["", ".", ".."].includes(part) && !part.includes("\0"));
      if (!isPlain || !Number.isSafeInteger(tree.size) || tree.size < 0 || tree.mode > 0o7777)
        throw new Error(`this becomes ${JSON.stringify(tree)}`);
    },
    data(bytes) {
      left -= bytes.length;
      if (left < 0) throw new Error("there is more data than the entry has");
      hash.update(bytes);
    },
  });
  try {
    for (const part of parts) reader.push(part);
    reader.end();
    said.push(hash.digest("hex"), "end");
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    said.push(error.message);
  }
  return said.join("\n");
}

test(
  "a damaged tar is read or refused, the same in whatever pieces it comes",
  async () => {
    await fuzz(2000, (random) => {
      const bytes = damagedTar(random);
      const whole = read([bytes]);
      expect(read(pieces(bytes, random))).toBe(whole);
    });
  },
  timeout,
);

/** What it says of a tar, whether its data is read or passed over. */
function entriesOf(bytes: Buffer, random: Random, skips: boolean): string[] {
  const said: string[] = [];
  const reader = tarReader({ entry: (entry) => said.push(JSON.stringify(entry)), data: () => {} });
  try {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + 1 + random(3000));
      reader.push(part);
      at += part.length;
      if (skips) at += reader.skip(bytes.length - at);
    }
    reader.end();
    said.push("end");
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    said.push(error.message);
  }
  return said;
}

test(
  "a damaged tar whose data is passed over is read or refused as one whose data is read",
  async () => {
    await fuzz(2000, (random) => {
      const bytes = damagedTar(random);
      expect(entriesOf(bytes, random, true)).toEqual(entriesOf(bytes, random, false));
    });
  },
  timeout,
);

test(
  "a damaged compressed stream is unpacked or refused, within bounds",
  async () => {
    const streams = tars.flatMap((each) => [
      gzip(each),
      zstdCompressSync(each),
      Buffer.concat([gzip(each), gzip(each)]),
      ...(Bun.which("xz") === null ? [] : [Bun.spawnSync(["xz", "-c"], { stdin: each }).stdout]),
    ]);
    await fuzz(300, async (random) => {
      const bytes = damagedBytes(streams[random(streams.length)] as Buffer, random);
      let size = 0;
      try {
        for await (const chunk of decompressed(chunks(bytes, 1 + random(5000)))) size += chunk.length;
      } catch (error) {
        if (!(error instanceof InroError) || error.code !== "LAYER_DAMAGED") throw error;
      }
      // gzip's limit is 1,032 times; zstd has none but its frame's, and these are small.
      expect(size).toBeLessThan(16 << 20);
    });
  },
  timeout,
);

const image = testImage();
const index = {
  schemaVersion: 2,
  mediaType: indexType,
  manifests: ["amd64", "arm64"].map((architecture) => ({
    ...{ mediaType: manifestType, digest: sha256(architecture), size: 10 },
    platform: { os: "linux", architecture, variant: "v8", features: [] },
    annotations: { "org.opencontainers.image.ref.name": "x" },
  })),
};
const manifest = { ...image.manifest, annotations: { a: "b" }, subject: index.manifests[0] };
const config = JSON.parse(image.config.toString()) as object;

test(
  "damaged manifests, indexes and configurations are understood or refused",
  async () => {
    await fuzz(3000, (random) => {
      const bytesOf = (document: object) => {
        const bytes = Buffer.from(JSON.stringify(random(10) === 0 ? document : damaged(document, random)));
        return random(5) === 0 && bytes.length > 0 ? damagedBytes(bytes, random) : bytes;
      };
      const type = ["", manifestType, indexType, "application/json"][random(4)] ?? "";
      try {
        const document = parseDocument(bytesOf(random(2) === 0 ? manifest : index), type, "it");
        if (document.kind === "index") {
          chooseManifest(document.index, { os: "linux", architecture: "amd64" }, "it");
          return;
        }
        const ids = diffIdsOf(document.manifest, parseConfig(bytesOf(config), "it"), "it");
        for (const { digest, size } of [document.manifest.config, ...document.manifest.layers]) {
          expect(digest).toMatch(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/);
          expect(Number.isSafeInteger(size) && size >= 0).toBe(true);
        }
        for (const id of ids) expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
      } catch (error) {
        if (!(error instanceof InroError) || !["IMAGE_INVALID", "NO_MATCHING_PLATFORM"].includes(error.code))
          throw error;
      }
    });
  },
  timeout,
);

describe.skipIf(rootMissing)("a damaged archive", () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await testStore();
  });
  afterAll(() => store[Symbol.asyncDispose]());

  /** `docker save`'s form; either the archive is damaged, or the layer within, whose digest is then right. */
  const archive = (random: Random) => {
    if (random(2) === 0) {
      const layer = damagedTar(random);
      return dockerArchive("localhost/fuzzed:1", [layer], [sha256(layer)]);
    }
    const whole = dockerArchive(
      "localhost/fuzzed:1",
      [tar({ name: "a", content: "b" })],
      [sha256(tar({ name: "a", content: "b" }))],
    );
    const bytes = damagedBytes(whole, random);
    return random(4) === 0 ? damagedBytes(gzip(whole), random) : bytes;
  };

  test(
    "becomes an image or is refused, and nothing of it is left",
    async () => {
      await fuzz(25, async (random) => {
        const before = readdirSync(join(store.root, ".."));
        try {
          for (const { id } of await store.images.load(chunks(archive(random))))
            await store.images.remove(id, { force: true, inUse: () => [] });
        } catch (error) {
          if (!(error instanceof InroError)) throw error;
        }
        expect(store.images.list()).toEqual([]);
        const unfinished = readdirSync(join(store.root, "snapshots")).filter((name) => name.startsWith("."));
        expect({ ingest: readdirSync(join(store.root, "ingest")), unfinished }).toEqual({
          ingest: [],
          unfinished: [],
        });
        expect(readdirSync(join(store.root, ".."))).toEqual(before);
      });
    },
    timeout,
  );

  test(
    "that is copied into a root stays within it",
    async () => {
      using folder = temporaryFolder("fuzz");
      const root = join(folder.path, "root");
      mkdirSync(root);
      writeFileSync(join(folder.path, "canary"), "untouched");
      await fuzz(40, async (random) => {
        await trees(native)
          .apply({ kind: "folder", path: root }, "/", chunks(damagedTar(random)))
          .catch((error: unknown) => {
            if (!(error instanceof InroError)) throw error;
          });
        expect(readdirSync(folder.path).sort()).toEqual(["canary", "root"]);
      });
    },
    timeout,
  );
});
