import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Finding, Images } from "../../src/image/images.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { chunks, dockerArchive, tar, testStore } from "./fixtures.ts";

/** Rounds of pulls and prunes at once; `npm run test:long` has more. */
const ROUNDS = Number(process.env["INRO_KILLS"] ?? 20);

const everything = { mayGo: () => true, inUse: () => [], dryRun: false };

async function findings(images: Images): Promise<Finding[]> {
  const found: Finding[] = [];
  await images.check({ repair: false, needed: new Set(), report: (finding) => found.push(finding) });
  return found;
}

describe.skipIf(rootMissing || registryMissing)("pulls and prunes at once", () => {
  let remote: Registry;
  const names: string[] = [];
  beforeAll(async () => {
    remote = await registry(machine());
    const shared = [0, 1, 2].map((n) => tar({ name: `shared-${n}`, content: randomBytes(300_000) }));
    for (const name of ["one", "two", "three"])
      names.push(await remote.push(`${name}:1`, { layers: [...shared, tar({ name, content: name })] }));
  });
  afterAll(() => remote?.[Symbol.asyncDispose]());

  test(`no pulled image lacks a part, in ${ROUNDS} rounds`, async () => {
    await using store = await testStore();
    const { images } = store;
    const seen = { kept: 0, pruned: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const [first = "", ...others] = names.map((_, n) => names[(n + round) % names.length] ?? "");
      await images.pull(parseReference(first));
      const prunes = async () => {
        for (let n = 0; n < 3; n++) {
          await images.prune(everything);
          await Bun.sleep((round * 7) % 11);
        }
      };
      await Promise.all([prunes(), ...others.map((name) => images.pull(parseReference(name)))]);
      expect(await findings(images)).toEqual([]);
      // What is listed can be run.
      for (const image of images.list()) {
        using container = temporaryFolder("container");
        await images.prepare(container.path, image);
        seen.kept++;
      }
      seen.pruned += names.length - images.list().length;
    }
    await images.prune(everything);
    expect([
      readdirSync(join(store.root, "blobs/sha256")),
      readdirSync(join(store.root, "snapshots")),
    ]).toEqual([[], []]);
    expect(Math.min(seen.kept, seen.pruned)).toBeGreaterThan(0);
  }, 600_000);
});

describe.skipIf(rootMissing)("a prune", () => {
  const load = async (images: Images, name: string, text: string) => {
    const layer = tar({ name: "file", content: text });
    const [image] = await images.load(chunks(dockerArchive(name, [layer], [digestOf(layer)])));
    return image ?? expect.unreachable();
  };

  test("leaves an image that got a name, or a container, after it was chosen", async () => {
    await using store = await testStore();
    const named = await load(store.images, "app:1", "one");
    const used = await load(store.images, "app:1", "two");
    await load(store.images, "app:1", "three");
    const users: string[] = [];
    const inUse = (id: string) => (users.includes(id) ? ["web"] : []);
    const mayGo = ({ names }: { names: readonly string[] }) => names.length === 0;
    const tagging = store.images.tag(named, parseReference("late:1"));
    const pruning = store.images.prune({ mayGo, inUse, dryRun: false });
    users.push(used.id);
    await tagging;
    expect(await pruning).toEqual({ untagged: [], deleted: [], reclaimed: 0 });
    expect(store.images.list().length).toBe(3);
  });

  test("counts what images share once, and what one that stays shares not at all", async () => {
    await using store = await testStore();
    const shared = tar({ name: "shared", content: randomBytes(100_000) });
    for (let n = 0; n < 5; n++) {
      const own = tar({ name: "own", content: String(n) });
      await store.images.load(chunks(dockerArchive(`app:${n}`, [shared, own], [shared, own].map(digestOf))));
    }
    const keepsOne = {
      ...everything,
      mayGo: ({ names }: { names: readonly string[] }) => !names[0]?.endsWith(":0"),
    };
    const some = await store.images.prune(keepsOne);
    expect(some.deleted.length).toBe(4);
    // The tars of four own layers, and a byte of a file in each.
    expect(some.reclaimed).toBe(4 * (2048 + 1));
    const rest = await store.images.prune(everything);
    expect(rest.reclaimed).toBe(shared.length + 100_000 + 2048 + 1);
  });
});
