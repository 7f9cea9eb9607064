/** One suite for every storage driver, on every file system that tells them apart. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DriverName } from "../../../src/image/snapshot/driver.ts";
import { makeSubvolume } from "../../../src/image/tree/whole.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import type { Rootfs } from "../../../src/oci/rootfs.ts";
import { rootMissing } from "../../support/engine.ts";
import { canMake, type FileSystemType } from "../../support/file-system.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { inRoot, listRoot, listTree } from "../../support/tree-listing.ts";
import { type Item, native, tar } from "../fixtures.ts";
import { acl, everything } from "./everything.ts";
import { type Place, place } from "./place.ts";

const places: readonly [DriverName, FileSystemType | "host"][] = [
  ["overlay", "host"],
  ["overlay", "xfs"],
  ["copy", "host"],
  ["copy", "xfs"],
  ["btrfs", "btrfs"],
];

const path = (line: string): string => JSON.parse(line)[0];
const without = (lines: readonly string[], ...paths: readonly string[]) =>
  lines.filter((line) => ![".", ...paths].includes(path(line)));
const mountPoints = ["./dev", "./proc", "./sys", "./etc/hosts", "./etc/hostname", "./etc/resolv.conf"];
const config = {
  ...{ User: "", ExposedPorts: {}, Env: [], Entrypoint: null, Cmd: null, Volumes: {}, WorkingDir: "" },
  ...{ Labels: {}, StopSignal: "", StopTimeout: null, Shell: null, OnBuild: null, Healthcheck: null },
};

for (const [driver, on] of places)
  describe.skipIf(rootMissing || (on !== "host" && !canMake(on)))(`${driver} on ${on}`, () => {
    let at: Place;
    beforeAll(async () => {
      at = await place(driver, on);
    });
    afterAll(async () => {
      await at?.[Symbol.asyncDispose]();
    });

    const sh = (rootfs: Rootfs, script: string) => inRoot(rootfs, "sh", "-ec", script);
    const changes = async (rootfs: Rootfs) => {
      const all: string[] = [];
      for await (const { path, deleted } of at.tree.changes(rootfs))
        all.push(`${deleted ? "D" : "C"} ${path}`);
      return all;
    };

    test("a container sees what the layer's tar says: every kind, attribute, time and name", async () => {
      const image = await at.load("all", tar(...everything));
      const rootfs = await at.prepare(image);
      const seen = without(listRoot(rootfs), "./etc", ...mountPoints);
      expect(seen).toEqual(without(listTree(at.layer(image, 0))));
      const found = new Map(seen.map((line) => [path(line), JSON.parse(line) as unknown[]]));
      const told = (name: string) => found.get(`./${name}`) ?? [];
      expect(told("bin/su").slice(1, 5)).toEqual(["0o104755", 7, 8, "1700000000123456789"]);
      expect(told("bin/ping")[5]).toEqual({
        "security.capability": "0100000200040000000000000000000000000000",
      });
      expect(told("acl/file")[5]).toEqual({ "system.posix_acl_access": acl.toString("hex") });
      expect(told("acl")[5]).toEqual({ "system.posix_acl_default": acl.toString("hex") });
      // A default ACL is for what is made in the folder, not for what the archive says.
      expect([told("acl/plain")[1], told("acl/plain")[5]]).toEqual(["0o100640", {}]);
      expect([told("acl/folder")[1], told("acl/folder")[5]]).toEqual(["0o40750", {}]);
      expect(told("links/two").slice(6, 8)).toEqual([3, "./links/one"]);
      expect(told("links/soft").at(-1)).toBe("../nowhere");
      expect([told("nodes/null").slice(-2), told("nodes/disk").slice(-2)]).toEqual([
        [1, 3],
        [7, 300],
      ]);
      expect(told("nodes/pipe")[1]).toBe("0o10640");
      expect([told("n".repeat(255))[1], told("caf\xe9\xff")[1]]).toEqual(["0o100644", "0o100644"]);
      expect(told("sticky")[1]).toBe("0o41777");
    });

    test("whiteouts and opaque folders of a layer hide what is below, and only that", async () => {
      const below = ["gone", "opaque/old", "kept/old", "again/old", "was-file", "was-folder/file"];
      const files = (names: readonly string[]): Item[] => names.map((name) => ({ name, content: name }));
      const image = await at.load(
        "whiteouts",
        tar(...files(below)),
        tar(
          { name: ".wh.gone" },
          { name: "opaque/.wh..wh..opq" },
          ...files(["opaque/new", "kept/new"]),
          { name: ".wh.again" },
          ...files(["again/new", "was-folder"]),
          { name: "was-file/" },
          ...files(["was-file/file"]),
        ),
      );
      const rootfs = await at.prepare(image);
      const names = without(listRoot(rootfs), "./etc", ...mountPoints).map(path);
      expect(names).toEqual(
        ["again", "again/new", "kept", "kept/new", "kept/old", "opaque", "opaque/new", "was-file"]
          .concat("was-file/file", "was-folder")
          .map((name) => `./${name}`),
      );
    });

    test("a link below is replaced by a layer's folder, and never followed (R10)", async () => {
      using outside = temporaryFolder("outside");
      const image = await at.load(
        "links",
        tar(
          { name: "a", type: "symlink", linkName: outside.path },
          { name: "b", type: "symlink", linkName: "a" },
        ),
        tar({ name: "a/" }, { name: "a/file", content: "x" }, { name: "b/file", content: "x" }),
        tar({ name: "a", type: "symlink", linkName: outside.path }),
        tar({ name: "a/.wh.file" }, { name: "b/.wh..wh..opq" }, { name: "b/other", content: "x" }),
      );
      writeFileSync(join(outside.path, "file"), "the host's");
      const rootfs = await at.prepare(image);
      expect(readdirSync(outside.path)).toEqual(["file"]);
      expect(inRoot(rootfs, "sh", "-c", "stat -c %F a b; ls b")).toBe("directory\ndirectory\nother\n");
    });

    test("what a container changes is told, becomes a layer, and is the same on top of the image", async () => {
      const image = await at.load("changing", tar(...everything));
      const rootfs = await at.prepare(image);
      sh(
        rootfs,
        `echo more >> bin/ping; rm bin/su; mv links moved; mkdir -m 2750 fresh; mkfifo fresh/pipe; echo x > fresh/x
         ln fresh/x fresh/y; rm -r sticky; echo file > sticky; touch -d @5.000000007 fresh/x; chmod 600 acl/file
         rm caf*; ln -s x fresh/soft; mknod fresh/null c 1 3; echo same > kept/new`,
      );
      const all = await changes(rootfs);
      expect(all).toEqual([
        ...["C /acl", "C /acl/file", "C /bin", "C /bin/ping", "D /bin/su", "D /caf\ufffd\ufffd", "C /fresh"],
        ...["C /fresh/null", "C /fresh/pipe", "C /fresh/soft", "C /fresh/x", "C /fresh/y", "C /kept"],
        ...["C /kept/new", "D /links", "C /moved", "C /moved/one", "C /moved/soft", "C /moved/three"],
        ...["C /moved/two", "C /sticky"],
      ]);
      const made = await at.images.make({
        ...{ below: image, config, author: "", comment: "", createdBy: "test", isForeign: false },
        ...{ name: parseReference("changed"), platform: { os: "linux", architecture: "amd64" } },
        tar: at.tree.layer(rootfs, () => false),
      });
      const again = await at.prepare(made);
      const top = (lines: string[]) => without(lines, "./etc", ...mountPoints);
      expect(top(listRoot(again))).toEqual(top(listRoot(rootfs)));
      expect(await changes(again)).toEqual([]);
    });

    test("a change that keeps size and time is a change, and nothing else is", async () => {
      const image = await at.load(
        "sly",
        tar({ name: "a/file", content: "one" }, { name: "b/file", content: "two" }),
      );
      const rootfs = await at.prepare(image);
      expect(await changes(rootfs)).toEqual([]);
      sh(rootfs, "cat a/file > /dev/null; printf TWO > b/file; touch -d @1700000000 b/file");
      expect(await changes(rootfs)).toEqual(["C /b", "C /b/file"]);
      // Folders that change places, with files that look alike.
      const other = await at.prepare(image);
      sh(other, "mv a t; mv b a; mv t b; touch -d @1700000000 a b");
      const swapped = await changes(other);
      expect(swapped).toContain("C /a/file");
      expect(swapped).toContain("C /b/file");
    });

    test("holes stay holes, and sockets sockets", async () => {
      const image = await at.load("special", tar({ name: "x/", mode: 0o700 }));
      const layer = at.layer(image, 0);
      writeFileSync(join(layer, "x/holes"), "");
      truncateSync(join(layer, "x/holes"), 3 * 2 ** 30);
      execFileSync("sh", [
        "-c",
        `printf end | dd of='${layer}/x/holes' bs=1 seek=2G conv=notrunc status=none`,
      ]);
      const bind = "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])";
      execFileSync("python3", ["-c", bind, "x/s"], { cwd: layer });
      const rootfs = await at.prepare(image);
      const [size = 0, blocks = 0] = inRoot(rootfs, "stat", "-c", "%s %b", "x/holes").split(" ").map(Number);
      expect(size).toBe(3 * 2 ** 30);
      expect(blocks * 512).toBeLessThan(1 << 20);
      const [skip, count] = [`skip=${2 ** 31 - 1}`, "count=5"];
      expect(inRoot(rootfs, "dd", "if=x/holes", "bs=1", skip, count, "status=none")).toBe("\0end\0");
      expect(inRoot(rootfs, "stat", "-c", "%F", "x/s")).toBe("socket\n");
    });

    test("127 layers, and nothing of them after the image went", async () => {
      const layers = Array.from({ length: 127 }, (_, i) => tar({ name: `layer-${i}`, content: String(i) }));
      const image = await at.load("many", ...layers);
      const folder = at.container();
      const rootfs = await at.prepare(image, folder);
      expect(inRoot(rootfs, "sh", "-c", "ls | grep -c layer-; cat layer-0 layer-126")).toBe("127\n0126");
      await at.images.release(folder);
      await at.tree.remove(folder);
      const chains = image.chainIds.map((id) => id.slice(7));
      await at.images.remove("many", { force: false, inUse: () => [] });
      const left = readdirSync(join(at.layer(image, 0), "../.."));
      expect(left.filter((name) => chains.includes(name) || name.startsWith("."))).toEqual([]);
      expect(existsSync(folder)).toBe(false);
    });

    test("immutable files and folders, and read-only ones, do not outlive their container", async () => {
      const image = await at.load("hard", tar({ name: "a/file", content: "x" }));
      const folder = at.container();
      const rootfs = await at.prepare(image, folder);
      sh(
        rootfs,
        "mkdir -p b/c; echo x > b/c/d; echo y > e; chattr +i b/c/d e; chattr +a b; chattr +i b/c; chmod 0 a",
      );
      // overlayfs keeps these flags beside the file (Documentation/filesystems/overlayfs.rst), others in it.
      if (driver !== "overlay")
        expect(() => execFileSync("rm", ["-rf", folder], { stdio: "ignore" })).toThrow();
      await at.images.release(folder);
      await at.tree.remove(folder);
      expect(existsSync(folder)).toBe(false);
    });

    test("a container's files stay from one use to the next", async () => {
      const image = await at.load("twice", tar({ name: "file", content: "x" }));
      const folder = at.container();
      sh(await at.prepare(image, folder), "echo mine > mine");
      await at.images.release(folder);
      const images = await at.reopen("found");
      expect(images.driver).toBe(driver);
      const again = await images.prepare(folder, images.resolve("twice"));
      expect(inRoot(again, "cat", "mine")).toBe("mine\n");
      expect(await changes(again)).toEqual(["C /mine"]);
      await images.release(folder);
    });

    test("what was half made is gone at the next start, and made whole", async () => {
      const image = await at.load("half", tar({ name: "file", content: "x" }));
      const layers = join(at.layer(image, 0), "../..");
      const folder = at.container();
      const [dead, fresh] = [
        join(layers, ".tmp-dead"),
        join(folder, `${driver === "btrfs" ? "subvolume" : driver}.new`),
      ];
      mkdirSync(dead);
      if (driver === "btrfs") {
        await makeSubvolume(native, join(dead, "fs"), undefined);
        await makeSubvolume(native, fresh, at.layer(image, 0));
        writeFileSync(join(dead, "fs/half"), "");
      } else for (const path of [join(dead, "fs"), fresh]) mkdirSync(path);
      writeFileSync(join(fresh, "half"), "");
      const images = await at.reopen();
      expect(existsSync(dead)).toBe(false);
      const rootfs = await images.prepare(folder, images.resolve("half"));
      expect(without(listRoot(rootfs), "./etc", ...mountPoints).map(path)).toEqual(["./file"]);
      if (driver !== "overlay") expect(existsSync(fresh)).toBe(false);
      await images.release(folder);
    });

    test("another driver does not touch a container of this one", async () => {
      const image = await at.load("mine", tar({ name: "file", content: "x" }));
      const folder = at.container();
      sh(await at.prepare(image, folder), "echo mine > mine");
      await at.images.release(folder);
      const other = driver === "copy" ? "overlay" : "copy";
      const images = await at.reopen(other);
      await expect(images.prepare(folder, images.resolve("mine"))).rejects.toMatchObject({
        code: "STORAGE_DRIVER_OTHER",
        hint: `start the daemon with --storage-driver ${driver}`,
      });
      await at.reopen();
      expect(inRoot(await at.prepare(image, folder), "cat", "mine")).toBe("mine\n");
      expect(lstatSync(at.layer(image, 0)).isDirectory()).toBe(true);
    });
  });
