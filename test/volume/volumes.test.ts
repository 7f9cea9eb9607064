import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { volumeOptions } from "../../src/volume/options.ts";
import { checkVolumeName, openVolumes } from "../../src/volume/volumes.ts";
import { temporaryFolder } from "../support/temporary.ts";

test("a volume is made once and kept", () => {
  using folder = temporaryFolder("volume");
  const volumes = openVolumes(join(folder.path, "volumes"));
  expect(volumes.make("data")).toBe(true);
  writeFileSync(join(volumes.pathOf("data"), "file"), "kept");
  expect(volumes.make("data")).toBe(false);
  expect(existsSync(join(volumes.pathOf("data"), "file"))).toBe(true);
});

test("one that is begun has no name until it is finished, and takes none that is taken", () => {
  using folder = temporaryFolder("volume");
  const volumes = openVolumes(folder.path);
  volumes.make("taken");
  const begun = volumes.begin();
  mkdirSync(begun.data);
  expect(volumes.strangers(new Set(["taken"]))).toEqual([begun.folder]);
  expect(begun.finish("taken")).toBe(false);
  expect(begun.finish("fresh")).toBe(true);
  volumes.rename("fresh", "other");
  expect(readdirSync(folder.path).sort()).toEqual(["other", "taken"]);
});

test("what no record names is a stranger, what one names is not", () => {
  using folder = temporaryFolder("volume");
  const volumes = openVolumes(folder.path);
  volumes.make("known");
  volumes.make("orphan");
  expect(volumes.strangers(new Set(["known"]))).toEqual([volumes.folderOf("orphan")]);
});

test("other users of the host cannot pass to the volumes, of earlier versions neither (R26, CVE-2021-41091)", () => {
  using folder = temporaryFolder("volume");
  const place = join(folder.path, "volumes");
  mkdirSync(place, { mode: 0o711 });
  const volumes = openVolumes(place);
  volumes.make("data");
  expect(statSync(place).mode & 0o777).toBe(0o700);
  expect(statSync(join(place, "data")).mode & 0o777).toBe(0o700);
  expect(statSync(volumes.begin().folder).mode & 0o777).toBe(0o700);
});

test.each(["..", "a/b", "", "x", ".hidden", "a b", "a\0b", "/etc", "a".repeat(256)])(
  "%p is no name for a volume",
  (name) => {
    expect(() => checkVolumeName(name)).toThrow(/a-zA-Z0-9/);
  },
);

test("options of the driver local", () => {
  expect(volumeOptions({})).toEqual({ mount: null, size: null });
  expect(volumeOptions({ size: "1.5GiB" })).toEqual({ mount: null, size: 1.5 * 2 ** 30 });
  expect(volumeOptions({ type: "tmpfs", device: "tmpfs", o: "size=1m,uid=7" }).mount).toEqual({
    type: "tmpfs",
    device: "tmpfs",
    options: ["size=1m", "uid=7"],
  });
  expect(volumeOptions({ type: "none", device: "/srv", o: "bind,ro" }).mount).toEqual({
    type: "bind",
    device: "/srv",
    options: ["bind", "ro"],
  });
});

test.each([
  [{ colour: "red" }, /invalid option: "colour"/],
  [{ type: "tmpfs" }, /missing required option: "device"/],
  [{ o: "size=1m" }, /missing required option: "type"/],
  [{ size: "much" }, /"much" is no size/],
  [{ size: "0" }, /"0" is no size/],
  [{ type: "none", device: "/srv" }, /"none" goes with the option "bind"/],
  [{ type: "bind", device: "srv" }, /not an absolute path/],
  [{ type: "e/xt", device: "/dev/x" }, /no type of a file system/],
  [{ type: "tmpfs", device: "tmpfs", size: "1m" }, /a size of its own/],
])("%j is refused", (options, why) => {
  expect(() => volumeOptions(options)).toThrow(why);
});
