import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, lines } from "../build/building.ts";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe.skipIf(engineMissing)("hostile cache mounts", () => {
  const cli = cliEngine();
  const run = (...all: string[]) => build(cli.engine, { Dockerfile: lines("FROM busybox", ...all) });
  const mounts = () => join(cli.engine.dataRoot, "build/mounts");

  test("R8 no id leads out of the folder of cache mounts", async () => {
    using outside = temporaryFolder("r8");
    writeFileSync(join(outside.path, "secret"), "secret");
    for (const id of [
      "../../../../tmp",
      `/..${outside.path}`,
      outside.path,
      "..",
      ".",
      "a/../../b",
      "%2e%2e",
    ]) {
      const { error, output } = await run(
        `RUN --mount=type=cache,target=/c,id=${id} ls -A /c; echo ${id.length} > /c/mine`,
      );
      expect({ id, error, output }).toEqual({ id, error: "", output: "" });
    }
    expect(readdirSync(outside.path)).toEqual(["secret"]);
    expect(readdirSync(mounts()).every((name) => /^[0-9a-f]{24}$/.test(name))).toBe(true);
    expect(readdirSync(join(cli.engine.dataRoot, "build")).sort()).toContain("mounts");
  });

  test("R8 what a step leaves in a cache leads the next one nowhere (CVE-2024-23651)", async () => {
    using outside = temporaryFolder("r8");
    writeFileSync(join(outside.path, "secret"), "of-the-host");
    // The old attack: a part of a cache that is a link to the host when the next step mounts it.
    const plant = await run(
      `RUN --mount=type=cache,target=/c,id=trap ln -s ${outside.path} /c/sub; ln -s /../../../.. /c/up; ln -s /proc/1/root /c/proc`,
    );
    expect(plant.error).toBe("");
    for (const source of ["/sub", "/up/etc", "/proc/etc", "../..", "/sub/.."]) {
      const { error, output } = await run(
        `RUN --mount=type=cache,target=/d,id=trap,source=${source},from=busybox ls -A /d/ && cat /d/sub/secret /d/secret; true`,
      );
      expect(`${error}${output}`).not.toContain("of-the-host");
    }
    expect(readFileSync(join(outside.path, "secret"), "utf8")).toBe("of-the-host");
  });

  test("R8 a part that is swapped for a link while others mount it never shows the host", async () => {
    using outside = temporaryFolder("r8");
    mkdirSync(join(outside.path, "sub"));
    writeFileSync(join(outside.path, "sub/secret"), "of-the-host");
    const swap = `for i in $(seq 1 400); do rm -rf /c/sub; ln -s ${outside.path}/sub /c/sub; rm /c/sub; mkdir /c/sub; done`;
    const swapper = run(`RUN --mount=type=cache,target=/c,id=swap ${swap}`);
    for (let n = 0; n < 12; n++) {
      const { output } = await run(
        `RUN --mount=type=cache,target=/d,id=swap --mount=type=tmpfs,target=/d/sub/${n} ls -R /d; cat /d/sub/secret; echo ${n}`,
      );
      expect(output).not.toContain("of-the-host");
    }
    await swapper;
    expect(readdirSync(join(outside.path, "sub"))).toEqual(["secret"]);
  }, 60_000);

  test("R8 a seed goes through no link out of its tree", async () => {
    using outside = temporaryFolder("r8");
    writeFileSync(join(outside.path, "secret"), "of-the-host");
    const { error, output } = await run(
      `RUN mkdir /seed && ln -s ${outside.path} /seed/out && ln -s / /seed/root`,
      "FROM busybox",
      "RUN --mount=type=cache,target=/c,id=seeded,from=0,source=/seed ls -A /c; cat /c/out/secret; true",
      "RUN --mount=type=cache,target=/c,id=seeded2,from=0,source=/seed/out ls -A /c; true",
    );
    expect(`${error}${output}`).not.toContain("of-the-host");
    expect(`${output}`).not.toContain("secret\n");
  });
});
