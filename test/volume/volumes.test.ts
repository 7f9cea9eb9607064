import { expect, test } from "bun:test";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkVolumeName, openVolumes } from "../../src/volume/volumes.ts";
import { temporaryFolder } from "../support/temporary.ts";

test("a volume is made once, kept, and removed with what is in it", async () => {
  using folder = temporaryFolder("volume");
  const volumes = openVolumes(join(folder.path, "volumes"));
  expect(volumes.make("data")).toBe(true);
  writeFileSync(join(volumes.pathOf("data"), "file"), "kept");
  expect(volumes.make("data")).toBe(false);
  expect(existsSync(join(volumes.pathOf("data"), "file"))).toBe(true);
  await volumes.remove("data");
  expect(existsSync(volumes.pathOf("data"))).toBe(false);
  await volumes.remove("data");
});

test("what no record names is swept, what one names is not", () => {
  using folder = temporaryFolder("volume");
  const volumes = openVolumes(folder.path);
  volumes.make("known");
  volumes.make("orphan");
  volumes.sweep(new Set(["known"]));
  expect(existsSync(volumes.pathOf("known"))).toBe(true);
  expect(existsSync(volumes.pathOf("orphan"))).toBe(false);
});

test("other users of the host cannot pass to the volumes, of earlier versions neither (R26, CVE-2021-41091)", () => {
  using folder = temporaryFolder("volume");
  const place = join(folder.path, "volumes");
  mkdirSync(place, { mode: 0o711 });
  openVolumes(place).make("data");
  expect(statSync(place).mode & 0o777).toBe(0o700);
  expect(statSync(join(place, "data")).mode & 0o777).toBe(0o700);
});

test.each(["..", "a/b", "", "x", ".hidden", "a b", "a\0b", "/etc"])("%p is no name for a volume", (name) => {
  expect(() => checkVolumeName(name)).toThrow(/a-zA-Z0-9/);
});
