/** Trees that umoci unpacks from an image and those that we do, object by object. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DriverName } from "../../../src/image/snapshot/driver.ts";
import { debianRoot } from "../../support/debian.ts";
import { rootMissing } from "../../support/engine.ts";
import { canMake, type FileSystemType } from "../../support/file-system.ts";
import { machine } from "../../support/host.ts";
import { tarOf, writeLayout } from "../../support/oci-layout.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { tool } from "../../support/tools.ts";
import { listRoot, listTree } from "../../support/tree-listing.ts";
import { chunks, tar } from "../fixtures.ts";
import { everything } from "./everything.ts";
import { place } from "./place.ts";

/** Above Debian: one of everything; then files of both that are replaced, hidden, and hidden with all beside them. */
const layers = () => [
  readFileSync(debianRoot() ?? ""),
  tar(...everything),
  tar(
    { name: "usr/share/doc/.wh..wh..opq" },
    { name: "usr/share/doc/ours", content: "ours", uid: 11, gid: 12, mode: 0o2640 },
    { name: "etc/.wh.passwd" },
    { name: "etc/group", content: "changed\n" },
    { name: "links/one", content: "no link any more" },
    { name: ".wh.nodes" },
    { name: "nodes/", mode: 0o700 },
    { name: "nodes/null", type: "character", major: 1, minor: 5, mode: 0o600 },
    { name: "acl/file", type: "symlink", linkName: "plain" },
    { name: "kept/", mode: 0o711, uid: 1, mtime: { seconds: 5, nanoseconds: 6 } },
  ),
];

/** Copying Debian takes its time: `npm run test:long`. */
const everywhere = process.env["INRO_EVERY_STEP"] === "1";

const paths: readonly [DriverName, FileSystemType | "host"][] = [
  ["overlay", "host"],
  ["copy", "host"],
  ["btrfs", "btrfs"],
];

describe.skipIf(rootMissing || tool("umoci") === undefined || debianRoot() === undefined)(
  "a Debian image",
  () => {
    test("is the same, unpacked by umoci and with each storage driver", async () => {
      using folder = temporaryFolder("umoci");
      const layout = join(folder.path, "layout");
      mkdirSync(layout);
      writeLayout(layout, "debian:all", { layers: layers() });
      const archive = tarOf(layout);
      using host = machine();
      const bundle = join(folder.path, "bundle");
      const unpacked = await host.run(
        tool("umoci") ?? "",
        ["unpack", "--image", `${layout}:debian:all`, bundle],
        {
          timeout: 120_000,
        },
      );
      expect(unpacked).toMatchObject({ code: 0 });
      const theirs = compared(listTree(join(bundle, "rootfs")));
      expect(theirs.length).toBeGreaterThan(5000);
      for (const [driver, on] of paths) {
        if ((driver !== "overlay" && !everywhere) || (on !== "host" && !canMake(on))) continue;
        await using at = await place(driver, on, undefined, 2048);
        const [image] = await at.images.load(chunks(archive, 1 << 20));
        if (image === undefined) throw new Error("nothing was loaded");
        const ours = compared(listRoot(await at.prepare(image)));
        const [gone, added] = [theirs.filter(notIn(ours)), ours.filter(notIn(theirs))];
        expect({ driver, gone, added }).toEqual({ driver, gone: [], added: [] });
      }
    }, 300_000);
  },
);

/** Without the root, which is the container's own, and what the engine mounts over. */
const own = /^\.(\/etc\/(hosts|hostname|resolv\.conf))?$/;

/**
 * Without the number of links: overlayfs tells that of the file in its layer, also when another layer hides one of them.
 * Which names are one file is compared.
 */
function compared(lines: readonly string[]): string[] {
  const objects = lines
    .map((line) => JSON.parse(line) as unknown[])
    .filter(([path]) => !own.test(String(path)));
  return objects.map((object) => JSON.stringify(object.toSpliced(6, 1)));
}

function notIn(lines: readonly string[]): (line: string) => boolean {
  const all = new Set(lines);
  return (line) => !all.has(line);
}
