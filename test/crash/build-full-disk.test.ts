import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { type Building, build, type Files, lines } from "../build/building.ts";
import { busyboxArchive, busyboxMissing } from "../engine/busybox.ts";
import { tar } from "../image/fixtures.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type SmallDisk, smallDisk, smallDiskMissing } from "../support/small-disk.ts";
import { soon } from "./killing.ts";

const MiB = 1 << 20;

describe.skipIf(rootMissing || busyboxMissing || smallDiskMissing)(
  "builds on a file system of 64 MiB that fills up",
  () => {
    let disk: SmallDisk;
    let engine: TestEngine;
    beforeAll(async () => {
      disk = await smallDisk(64 * MiB);
      engine = await testEngine(disk.host, "--data-root", disk.path);
      expect((await engine.inroWith({ input: busyboxArchive() }, "load")).code).toBe(0);
    }, 60_000);
    afterAll(async () => {
      await engine?.[Symbol.asyncDispose]();
      await disk?.[Symbol.asyncDispose]();
    }, 60_000);

    const Dockerfile = (...all: string[]): Files => ({ Dockerfile: lines("FROM busybox", ...all) });
    const good = async (building: Promise<Building>) => {
      const done = await building;
      expect(done.error).toBe("");
      return done;
    };
    const out = async (...words: string[]) => {
      const { code, stdout, stderr } = await engine.inro(...words);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout;
    };
    /** Nothing is left of what did not fit. */
    const clean = async () => {
      const names = () =>
        ["steps", "build/tmp", "ingest"].flatMap((name) =>
          existsSync(disk.seen(name)) ? readdirSync(disk.seen(name)) : [],
        );
      await soon(async () => names(), []);
      await soon(
        async () => (await engine.inro("system", "check")).stdout.split(".")[0]?.slice(0, 16),
        "Nothing is wrong",
      );
    };
    const forget = async () => {
      await out("image", "prune", "-f");
      await out("builder", "prune", "-af");
    };

    test("a RUN that finds the disk full fails, and is made when there is space", async () => {
      const step = "RUN dd if=/dev/zero of=/large bs=1M count=18 2>&1 && echo whole > /mark";
      const free = await disk.fill("a bit");
      const { error, output } = await build(engine, Dockerfile(step));
      expect(error).not.toBe("");
      expect(`${error}${output}`).toMatch(/No space left|the disk is full/);
      await free();
      await clean();
      const { image, ended } = await good(build(engine, Dockerfile(step)));
      expect(ended(step)).toBe("done");
      expect(await out("run", "--rm", "--network", "none", image, "cat", "/mark")).toBe("whole\n");
      await out("rmi", image);
      await forget();
    }, 60_000);

    test("a COPY that does not fit says where, and nothing half is used again", async () => {
      const files = { ...Dockerfile("COPY large /large", "RUN wc -c < /large"), small: "s" };
      const context = tar(...Object.entries(files).map(([name, content]) => ({ name, content })), {
        name: "large",
        content: randomBytes(24 * MiB),
      });
      // The context is 24 MiB, the layer's tar as much again, its files once more.
      const { error } = await build(engine, context);
      expect(error).toMatch(
        new RegExp(`${disk.path}/\\S+: the disk is full|in ${disk.path}.*the disk is full`),
      );
      await clean();
      const less = tar(...Object.entries(files).map(([name, content]) => ({ name, content })), {
        name: "large",
        content: randomBytes(4 * MiB),
      });
      expect((await good(build(engine, less))).output).toBe(`${4 * MiB}\n`);
      await forget();
    }, 60_000);

    test("a context that does not fit says where", async () => {
      const context = tar(
        { name: "Dockerfile", content: "FROM busybox\n" },
        { name: "l", content: randomBytes(60 * MiB) },
      );
      const { error } = await build(engine, context);
      expect(error).toContain("the disk is full");
      expect(error).toContain(`${disk.path}/build`);
      await clean();
      await good(build(engine, Dockerfile("RUN true")));
    }, 60_000);

    test("records that cannot be written lose time and nothing else", async () => {
      const step = "RUN --mount=type=tmpfs,target=/t echo made > /made";
      const free = await disk.fill();
      const refused = await build(engine, Dockerfile(step));
      expect(refused.image === "" || refused.error === "").toBe(true);
      await free();
      await clean();
      const { image } = await good(build(engine, Dockerfile(step)));
      expect(await out("run", "--rm", "--network", "none", image, "cat", "/made")).toBe("made\n");
      await engine.kill();
      await engine.serve();
      await clean();
      expect((await good(build(engine, Dockerfile(step)))).image).toBe(image);
      await clean();
    }, 60_000);
  },
);
