import { describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { prepareCopy } from "../../src/build/copy/prepare.ts";
import { makeFifo } from "../../src/platform/fifo.ts";
import { bytesOf, copied, listed, plant, request, source, words } from "../build/copy/fixture.ts";
import { native } from "../image/fixtures.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe("COPY from and to hostile trees", () => {
  test("R9 no name and no link leads out of the context", async () => {
    using folder = temporaryFolder("r9");
    writeFileSync(join(folder.path, "secret"), "secret");
    const context = plant(join(folder.path, "context"), {
      "d/a": "a",
      up: "-> ../secret",
      absolute: `-> ${folder.path}/secret`,
      outside: "-> ..",
      "d/link": "-> ../../secret",
    });
    for (const path of [
      "../secret",
      "/../secret",
      "d/../../secret",
      "up",
      "absolute",
      "d/link",
      "outside/secret",
      "../sec*",
    ])
      await expect(copied({ sources: [source(context, path)], destination: "/x/" })).rejects.toMatchObject({
        code: "COPY_SOURCE_MISSING",
      });
    // A link within a folder is copied as what it is, and a folder above the root is the root.
    expect(await words({ sources: [source(context, "d")], destination: "/" })).toContain(
      "link symlink ../../secret",
    );
    expect(await words({ sources: [source(context, "outside")], destination: "/" })).toContain("d/a=a");
  });

  test("R9 no link in the root below leads the destination out of it", async () => {
    using folder = temporaryFolder("r9");
    const context = plant(join(folder.path, "context"), { a: "a" });
    const below = plant(join(folder.path, "below"), {
      up: `-> ${"../".repeat(40)}${folder.path}`,
      host: `-> ${folder.path}`,
      loop: "-> loop",
      "etc/passwd": "-> /../../../../etc/passwd",
    });
    const inside = folder.path.slice(1).split("/");
    const place = [
      ...inside.map((_, at) => `${inside.slice(0, at + 1).join("/")}/`),
      `${inside.join("/")}/a=a`,
    ];
    for (const destination of ["/up/", "/host/", "/../../host/"])
      expect(await words({ sources: [source(context, "a")], destination }, [below])).toEqual(place);
    await expect(
      copied({ sources: [source(context, "a")], destination: "/loop/" }, [below]),
    ).rejects.toMatchObject({
      code: "COPY_DESTINATION_INVALID",
    });
    // R12: names are looked up in the root's own files.
    await expect(
      copied({ sources: [source(context, "a")], destination: "/a", owner: "daemon" }, [below]),
    ).rejects.toMatchObject({ code: "NO_SUCH_USER" });
  });

  test("R9 a folder that is swapped for a link while it is copied never shows what the link leads to", async () => {
    using folder = temporaryFolder("r9");
    const context = plant(join(folder.path, "context"), { "a/d/f": "ours", "hidden/f": "secret" });
    plant(join(folder.path, "outside"), { f: "secret" });
    const swap = `
      const { renameSync, symlinkSync } = require("node:fs");
      process.chdir(${JSON.stringify(join(context, "a"))});
      symlinkSync(process.argv[1], "link");
      process.stdout.write("swapping");
      for (;;) {
        renameSync("d", "real"); renameSync("link", "d");
        renameSync("d", "link"); renameSync("real", "d");
      }`;
    for (const target of [join(folder.path, "outside"), "../hidden", "/hidden"]) {
      const swapper = spawn(process.execPath, ["-e", swap, target], { stdio: ["ignore", "pipe", "inherit"] });
      try {
        await new Promise((resolve) => swapper.stdout.once("data", resolve));
        let [read, refused] = [0, 0];
        for (let round = 0; round < 150; round++) {
          try {
            const prepared = await prepareCopy(native, request({ sources: [source(context, "a")] }));
            const layer = listed(await bytesOf(prepared.layer([])));
            expect(layer.map(({ text }) => text)).not.toContain("secret");
            if (layer.some(({ text }) => text === "ours")) read++;
          } catch (error) {
            expect((error as { code: string }).code).toMatch(/^(COPY_SOURCE_(MISSING|CHANGED)|TREE_FAILED)$/);
            refused++;
          }
        }
        expect(read + refused).toBeGreaterThan(0);
      } finally {
        swapper.kill("SIGKILL");
        await new Promise((resolve) => swapper.once("exit", resolve));
        rmSync(join(context, "a"), { recursive: true });
        plant(context, { "a/d/f": "ours" });
      }
    }
  }, 240_000);

  test("R10 a name that would delete what is below is refused", async () => {
    using folder = temporaryFolder("r10");
    const context = plant(folder.path, { "d/.wh.passwd": "", "o/.wh..wh..opq": "" });
    for (const path of ["d", "o", "d/.wh.passwd"])
      await expect(copied({ sources: [source(context, path)], destination: "/etc/" })).rejects.toMatchObject({
        code: "LAYER_REFUSED",
      });
    await expect(copied({ sources: [source(context, "d")], destination: "/.wh.etc/" })).rejects.toMatchObject(
      {
        code: "LAYER_REFUSED",
      },
    );
  });

  test.skipIf(rootMissing)("pipes and devices are never read, sockets stay out", async () => {
    using folder = temporaryFolder("r9");
    const context = plant(folder.path, { "d/a": "a" });
    makeFifo(join(context, "d/pipe"), 0o600);
    spawnSync("mknod", [join(context, "d/zero"), "c", "1", "5"]);
    const server = createServer().listen(join(context, "d/socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      const all = await copied({ sources: [source(context, "d")], destination: "/" });
      expect(all.map(({ type, name }) => `${type} ${name}`)).toEqual([
        "file a",
        "fifo pipe",
        "character zero",
      ]);
      expect(all[2]).toMatchObject({ major: 1, minor: 5, size: 0 });
      expect(await words({ sources: [source(context, "d/pipe")], destination: "/p" })).toEqual(["p fifo "]);
      await expect(
        copied({ sources: [source(context, "d/socket")], destination: "/p" }),
      ).rejects.toMatchObject({
        code: "COPY_SOURCE_MISSING",
      });
    } finally {
      server.close();
    }
  });

  test("names that are no UTF-8 are copied byte by byte", async () => {
    using folder = temporaryFolder("r9");
    mkdirSync(join(folder.path, "d"));
    const name = Buffer.concat([Buffer.from(`${folder.path}/d/`), Buffer.from([0xff, 0x2e, 0x41])]);
    writeFileSync(name as unknown as string, "x");
    const [entry] = await copied({ sources: [source(folder.path, "d/*.A")], destination: "/x/" }, [
      folder.path,
    ]);
    expect(entry?.name).toBe("x/");
    const all = await copied({ sources: [source(folder.path, "d")], destination: "/d/" }, [folder.path]);
    expect(all.at(-1)?.name).toBe("d/\xff.A");
  });
});
