import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unpackLayer } from "../../src/image/snapshot/unpack.ts";
import { chainIdsOf, digestOf } from "../../src/oci/digest.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { native, tar } from "./fixtures.ts";

/** Around what is looked at together (128 KiB), a block (512) and a header that two looks share. */
const sizes = [0, 1, 511, 512, 513, 100_000, 131_071, 131_072, 131_073, 262_143, 700_001, 30_000, 5];
const files = sizes.map((size, n) => ({ name: `file${n}`, content: randomBytes(size) }));
const long = { name: `${"long/".repeat(30)}name`, content: randomBytes(200_000) };
// aufs's own bookkeeping: an entry that is dropped with its data.
const whole = tar(...files, { name: ".wh..wh.aufs", content: randomBytes(300_000) }, long);

async function unpacked(
  content: Uint8Array,
  o: { readonly verified: boolean; readonly diffId?: Uint8Array },
) {
  using folder = temporaryFolder("stored-tar");
  const [stored, root] = [join(folder.path, "blob"), join(folder.path, "root")];
  writeFileSync(stored, content);
  mkdirSync(root);
  const diffId = digestOf(o.diffId ?? content);
  const [chainId = diffId] = chainIdsOf([diffId]);
  const never = async function* () {
    yield await Promise.reject(new Error("the stored tar is read, not the source"));
  };
  const { size } = await unpackLayer(
    native,
    root,
    {
      ...{ chainId, diffId, digest: diffId, source: never(), stored, verified: o.verified },
      ...{ below: [], belowReady: async () => {} },
    },
    [],
  );
  const found = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1));
  return { size, files: new Map(found.map((name) => [name, readFileSync(join(root, name))])) };
}

describe.skipIf(rootMissing)("a plain layer that is stored", () => {
  test.each([true, false])(
    "becomes its files, copied from its blob by ranges; verified just now: %p",
    async (verified) => {
      const found = await unpacked(whole, { verified });
      const wanted = [...files, long];
      expect([...found.files.keys()].sort()).toEqual(wanted.map(({ name }) => name).sort());
      for (const { name, content } of wanted) expect(found.files.get(name)?.equals(content)).toBe(true);
      expect(found.size).toBe(wanted.reduce((sum, { content }) => sum + content.length, 0));
    },
  );

  test("is hashed again unless its digest was verified just now", async () => {
    const damaged = Buffer.from(whole);
    damaged[damaged.length - 100_000] = (damaged[damaged.length - 100_000] ?? 0) ^ 1;
    await expect(unpacked(damaged, { verified: false, diffId: whole })).rejects.toMatchObject({
      code: "DIFFID_MISMATCH",
    });
  });

  test.each([true, false])(
    "is refused where it stops within a file; verified just now: %p",
    async (verified) => {
      const cut = tar(...files, long).subarray(0, -50_000);
      expect(unpacked(cut, { verified })).rejects.toMatchObject({
        code: "LAYER_REFUSED",
        why: "it stops in the middle of an entry",
      });
    },
  );
});
