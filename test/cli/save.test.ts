import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tarOf } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("save", () => {
  const cli = cliEngine();

  test("inro and the docker CLI write the same bytes, and load them again with the same ids", async () => {
    using folder = temporaryFolder("save");
    const [ours, theirs] = [join(folder.path, "ours.tar"), join(folder.path, "theirs.tar")];
    expect(await cli.inro("save", "-o", ours, "busybox", "hello")).toMatchObject({ code: 0, stderr: "" });
    expect(await cli.engine.docker("save", "-o", theirs, "busybox", "hello")).toMatchObject({ code: 0 });
    expect(readFileSync(ours).equals(readFileSync(theirs))).toBe(true);
    expect(readdirSync(folder.path).sort()).toEqual(["ours.tar", "theirs.tar"]);
    const ids = async () => (await cli.inro("images", "-q", "--no-trunc")).stdout;
    const before = await ids();
    await cli.inro("rmi", "busybox");
    expect((await ids()) === before).toBe(false);
    expect(await cli.engine.docker("load", "-i", theirs)).toMatchObject({ code: 0 });
    expect(await ids()).toBe(before);
  }, 30_000);

  test("a daemon that is killed meanwhile leaves no file", async () => {
    using folder = temporaryFolder("save");
    mkdirSync(join(folder.path, "root"));
    writeFileSync(join(folder.path, "root/large"), randomBytes(64 << 20));
    const input = tarOf(join(folder.path, "root"));
    expect(await cli.engine.inroWith({ input }, "import", "-", "large")).toMatchObject({ code: 0 });
    const file = join(folder.path, "large.tar");
    const saving = cli.inro("save", "-o", file, "large");
    for (let tries = 0; readdirSync(folder.path).length < 2 && tries < 1000; tries++) await Bun.sleep(1);
    await cli.engine.kill();
    expect(await saving).toMatchObject({ code: 1, stderr: expect.stringContaining("engine's answer") });
    expect(readdirSync(folder.path).sort()).toEqual(["root"]);
    await cli.engine.serve();
    expect(await cli.inro("save", "-o", file, "large")).toMatchObject({ code: 0, stderr: "" });
  }, 60_000);

  test("a terminal gets no tar, and an image that is missing leaves the file as it was", async () => {
    using folder = temporaryFolder("save");
    using screen = cli.onScreen("save", "busybox");
    expect(await screen.exited).toBe(1);
    expect(screen.text).toContain("a tar is not written to a terminal");
    const file = join(folder.path, "kept.tar");
    writeFileSync(file, "before");
    expect(await cli.inro("save", "-o", file, "nobody")).toMatchObject({ code: 1 });
    expect(readFileSync(file, "utf8")).toBe("before");
    expect(await cli.inro("save", "-o", "/dev/full", "busybox")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot write "/dev/full"'),
    });
  }, 30_000);
});
