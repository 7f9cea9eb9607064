/** What the drivers take of a disk, and what a full one leaves. */
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { openImages } from "../../../src/image/images.ts";
import { type DriverName, parseDriver } from "../../../src/image/snapshot/driver.ts";
import { trees } from "../../../src/image/tree/tree.ts";
import { rootMissing } from "../../support/engine.ts";
import { canMake, type FileSystemType } from "../../support/file-system.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { inRoot } from "../../support/tree-listing.ts";
import { chunks, dockerArchive, native, tar } from "../fixtures.ts";
import { place } from "./place.ts";

const MEBIBYTE = 2 ** 20;
const sharing: readonly [DriverName, FileSystemType][] = [
  ["copy", "xfs"],
  ["btrfs", "btrfs"],
];

describe.skipIf(rootMissing)("disks", () => {
  for (const [driver, on] of sharing)
    test.skipIf(!canMake(on))(
      `${driver} on ${on}: layers and containers share what they have in common`,
      async () => {
        await using at = await place(driver, on);
        const used = () => {
          spawnSync("sync", ["-f", at.root]);
          const { blocks, bfree, bsize } = statfsSync(at.root);
          return (blocks - bfree) * bsize;
        };
        const large = tar({ name: "large", content: randomBytes(32 * MEBIBYTE) });
        const image = await at.load("large", large, tar({ name: "small", content: "x" }));
        const before = used();
        const roots = [await at.prepare(image), await at.prepare(image), await at.prepare(image)];
        expect(used() - before).toBeLessThan(2 * MEBIBYTE);
        const [root] = roots;
        if (root === undefined) throw new Error("no root");
        inRoot(
          root,
          "sh",
          "-ec",
          "dd if=/dev/zero of=large bs=1M count=8 conv=notrunc status=none; sync -f .",
        );
        const grown = used() - before;
        expect(grown).toBeGreaterThan(7 * MEBIBYTE);
        expect(grown).toBeLessThan(12 * MEBIBYTE);
        for (const other of roots.slice(1))
          expect(inRoot(other, "cmp", "large", join(at.layer(image, 1), "large"))).toBe("");
      },
    );

  test("a disk that gets full while layers and roots are copied: nothing half made, and on it goes with space", async () => {
    using full = temporaryFolder("full");
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=20m", "inro-test", full.path]);
    try {
      const images = await openImages({ root: full.path, native, driver: "copy" });
      const load = async (name: string, ...layers: Uint8Array[]) => {
        const ids = layers.map(
          (each) => `sha256:${new Bun.CryptoHasher("sha256").update(each).digest("hex")}`,
        );
        return (await images.load(chunks(dockerArchive(name, layers, ids))))[0];
      };
      const small = tar({ name: "file", content: Buffer.alloc(3 * MEBIBYTE, "x") });
      const image = await load("small", small);
      if (image === undefined) throw new Error("nothing was loaded");
      const tall = load(
        "tall",
        small,
        ...["b", "c", "d", "e", "f"].map((name) => tar({ name, content: name })),
      );
      await expect(tall).rejects.toMatchObject({
        code: "NO_SPACE",
        why: expect.stringContaining("the disk is full"),
      });
      expect(readdirSync(join(full.path, "snapshots-copy"))).toEqual([image.chainIds[0]?.slice(7) ?? ""]);
      const folders: string[] = [];
      const next = async () => {
        const folder = join(full.path, `container-${folders.length}`);
        spawnSync("mkdir", [folder]);
        folders.push(folder);
        await images.prepare(folder, image);
      };
      const filling = (async () => {
        for (;;) await next();
      })();
      await expect(filling).rejects.toMatchObject({
        code: "NO_SPACE",
        what: expect.stringContaining("container-"),
      });
      expect(readdirSync(folders.at(-1) ?? "")).toEqual([]);
      await trees(native).remove(folders[0] ?? "");
      await images.prepare(folders.at(-1) ?? "", image);
      expect(readdirSync(folders.at(-1) ?? "")).toContain("copy");
      await images.close();
    } finally {
      spawnSync("umount", ["-l", full.path]);
    }
  });

  const limits: readonly [FileSystemType, string][] = [
    ["xfs", "mount it with -o prjquota"],
    ["btrfs", "start the daemon with --storage-driver btrfs"],
  ];
  for (const [on, hint] of limits)
    test.skipIf(!canMake(on))(
      `overlay on ${on} says why it cannot limit a container, and what to do`,
      async () => {
        await using at = await place("overlay", on);
        const image = await at.load("small", tar({ name: "file", content: "x" }));
        await expect(at.images.prepare(at.container(), image, { limit: MEBIBYTE })).rejects.toMatchObject({
          code: "QUOTA_UNSUPPORTED",
          why: expect.stringContaining(
            `${on} has no project quota at ${at.root}/containers/0 (Q_XGETQUOTA: `,
          ),
          hint,
        });
      },
    );

  test("a driver that cannot work in a data root is refused, and the first that can is found", async () => {
    using folder = temporaryFolder("driver");
    await expect(openImages({ root: folder.path, native, driver: "btrfs" })).rejects.toMatchObject({
      code: "STORAGE_DRIVER_UNUSABLE",
      why: expect.stringContaining("BTRFS_IOC_SUBVOL_CREATE_V2"),
    });
    expect(readdirSync(folder.path)).not.toContain(".trial");
    const found = await openImages({ root: folder.path, native });
    expect(found.driver).toBe("overlay");
    await found.close();
    expect(() => parseDriver("zfs")).toThrow(
      'cannot use the storage driver "zfs": there are overlay, btrfs, copy',
    );
    expect(["overlay2", "btrfs", "vfs"].map(parseDriver)).toEqual(["overlay", "btrfs", "copy"]);
  });

  // An overlay's upper folder cannot be on an overlay: overlayfs.rst, "Upper and lower"; nor is that btrfs.
  test("where overlay cannot work, the driver copy is found", async () => {
    using under = temporaryFolder("under");
    for (const name of ["l", "u", "w", "m"]) mkdirSync(join(under.path, name));
    const options = `lowerdir=${under.path}/l,upperdir=${under.path}/u,workdir=${under.path}/w`;
    spawnSync("mount", ["-t", "overlay", "overlay", "-o", options, join(under.path, "m")]);
    try {
      const found = await openImages({ root: join(under.path, "m/data"), native });
      expect(found.driver).toBe("copy");
      await found.close();
    } finally {
      spawnSync("umount", ["-l", join(under.path, "m")]);
    }
  });
});
