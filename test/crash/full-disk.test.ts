import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { digestOf } from "../../src/oci/digest.ts";
import { busyboxArchive, busyboxMissing } from "../engine/busybox.ts";
import { dockerArchive, gzip, tar } from "../image/fixtures.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import type { Finished } from "../support/host.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { type SmallDisk, smallDisk, smallDiskMissing } from "../support/small-disk.ts";

const MiB = 1 << 20;

describe.skipIf(rootMissing || busyboxMissing || registryMissing || smallDiskMissing)(
  "a data root on a file system of 64 MiB",
  () => {
    let disk: SmallDisk;
    let engine: TestEngine;
    let r: Registry;
    const inro = (...words: string[]) => engine.inro(...words);
    beforeAll(async () => {
      disk = await smallDisk(64 * MiB);
      r = await registry(disk.host);
      engine = await testEngine(disk.host, "--data-root", disk.path);
      ok(await engine.inroWith({ input: busyboxArchive() }, "load"));
    }, 60_000);
    afterAll(async () => {
      await engine?.[Symbol.asyncDispose]();
      await r?.[Symbol.asyncDispose]();
      await disk?.[Symbol.asyncDispose]();
    }, 60_000);

    const ok = (done: Finished) => {
      expect(done).toMatchObject({ code: 0 });
      return done.stdout;
    };

    /** What a full disk answers: which folder, how much was needed, how much is free. */
    const refused = ({ code, stderr }: Finished, folder: string, needed = true) => {
      expect(code).not.toBe(0);
      expect(stderr).toMatch(new RegExp(`in ${disk.path}/(${folder}): the disk is full: `));
      if (needed) expect(stderr).toMatch(/: \d+(\.\d+)? \S+ were needed, \d+(\.\d+)? \S+ are free \(/);
    };

    const until = async (holds: () => boolean) => {
      for (let tries = 0; !holds(); tries++) {
        expect(tries).toBeLessThan(300);
        await Bun.sleep(20);
      }
    };

    /** Nothing is left of what did not fit. */
    const clean = async () => {
      expect(ok(await inro("system", "check"))).toStartWith("Nothing is wrong");
      expect(readdirSync(disk.seen("ingest"))).toEqual([]);
      expect(readdirSync(disk.seen("snapshots")).filter((name) => name.startsWith("."))).toEqual([]);
    };
    const names = async () =>
      ok(await inro("images", "--format", "{{.Repository}}"))
        .trim()
        .split("\n")
        .sort();
    const whatWasThere = ["busybox", "localhost/hello"];

    const random = tar({ name: "large", content: randomBytes(60 * MiB) });
    const zeros = tar({ name: "large", content: Buffer.alloc(60 * MiB) });
    const small = tar({ name: "small", content: "s" });

    test.each([
      ["blob", random, "ingest"],
      ["unpacked layer", zeros, "snapshots"],
    ])(
      "a pull whose %s does not fit is refused; then one that fits is pulled",
      async (_, layer, folder) => {
        const large = await r.push(`large/${folder}:1`, { layers: [small, layer] });
        // A blob and its files grow at the same time: whichever meets the end first says so.
        refused(await inro("pull", large), folder === "ingest" ? "ingest|snapshots" : folder);
        expect(await names()).toEqual(whatWasThere);
        await clean();
        const fitting = await r.push(`small/${folder}:1`, { layers: [small] });
        ok(await inro("pull", fitting));
        ok(await inro("rmi", fitting));
      },
      60_000,
    );

    test.each([
      ["blob", random, "ingest"],
      ["unpacked layer", gzip(zeros), "snapshots"],
    ])(
      "a load whose %s does not fit is refused; then one that fits is loaded",
      async (_, layer, folder) => {
        const archive = dockerArchive("large:1", [layer], [digestOf(folder === "ingest" ? layer : zeros)]);
        refused(await engine.inroWith({ input: archive }, "load"), folder);
        expect(await names()).toEqual(whatWasThere);
        await clean();
        ok(await engine.inroWith({ input: dockerArchive("small:1", [small], [digestOf(small)]) }, "load"));
        ok(await inro("rmi", "small:1"));
      },
      60_000,
    );

    test("a commit that does not fit is refused, and done when there is space", async () => {
      const write = "dd if=/dev/urandom of=/large bs=1M count=16 2>/dev/null";
      ok(await inro("run", "--name", "writer", "--network", "none", "busybox", "sh", "-c", write));
      const free = await disk.fill("a bit");
      refused(await inro("commit", "writer", "made:1"), "ingest", false);
      expect(await names()).toEqual(whatWasThere);
      await clean();
      await free();
      ok(await inro("commit", "writer", "made:1"));
      ok(await inro("rmi", "made:1"));
      ok(await inro("rm", "writer"));
      await clean();
    }, 60_000);

    test("under logs and cp: the program and its neighbours go on, the log says what it misses, cp names the path", async () => {
      const steady = "i=0; while :; do echo line $i; i=$((i+1)); sleep 0.02; done";
      const heavy =
        "while :; do dd if=/dev/zero bs=1k count=64 2>/dev/null | tr '\\0' x; echo; sleep 0.01; done";
      const keep = ["--network", "none", "--log-opt", "max-size=-1"];
      ok(
        await inro("run", "-d", "--name", "steady", "--tmpfs", "/t", ...keep, "busybox", "sh", "-c", steady),
      );
      ok(await inro("run", "-d", "--name", "heavy", ...keep, "busybox", "sh", "-c", heavy));
      const big = disk.seen("../big");
      writeFileSync(big, randomBytes(4 * MiB));
      const free = await disk.fill();
      // Both have written when there was nothing left to write to.
      await Bun.sleep(1000);
      const copied = await inro("cp", big, "steady:/big");
      expect(copied.code).not.toBe(0);
      expect(copied.stderr).toContain(`in ${disk.path}`);
      expect(copied.stderr).toContain("the disk is full");
      expect(ok(await inro("ps", "--format", "{{.Names}} {{.Status}}")).match(/ Up /g)).toHaveLength(2);
      const lastLine = async () =>
        Number(
          ok(await inro("logs", "--tail", "1", "steady"))
            .trim()
            .split(" ")[1],
        );
      await free();
      ok(await inro("rm", "-f", "heavy"));
      const there = await lastLine();
      // It is written down again, as soon as there is space.
      while ((await lastLine()) <= there) await Bun.sleep(50);
      // The engine takes back its reserve.
      await until(() => existsSync(disk.seen("reserve")));
      ok(await inro("exec", "steady", "sh", "-c", "echo mine > /t/file"));
      ok(await inro("stop", "-t0", "steady"));
      const log = await inro("logs", "steady");
      expect(log.stderr).toMatch(/\d+ bytes of output are missing here: no space left on device/);
      expect(Number(log.stdout.trimEnd().split("\n").at(-1)?.split(" ")[1])).toBeGreaterThan(there);
      ok(await inro("cp", big, "steady:/big"));
      ok(await inro("rm", "steady"));
      rmSync(big);
      await clean();
    }, 60_000);

    test("records that cannot be written are told, the engine goes on, and removing makes space", async () => {
      const heavy = tar({ name: "heavy", content: randomBytes(4 * MiB) });
      ok(await engine.inroWith({ input: dockerArchive("heavy:1", [heavy], [digestOf(heavy)]) }, "load"));
      ok(await inro("run", "-d", "--name", "sleeper", "--network", "none", "busybox", "sleep", "600"));
      const free = await disk.fill();
      const told = (folder = "") => `in ${disk.path}${folder}: the disk is full: `;
      expect((await inro("volume", "create", "new")).stderr).toContain(
        `cannot make the volume "new" ${told()}`,
      );
      expect((await inro("create", "--name", "new", "busybox", "true")).stderr).toContain(
        `cannot make the container "new" ${told()}`,
      );
      expect((await inro("tag", "busybox", "second")).stderr).toContain(`cannot write index.json ${told()}`);
      // What ends or goes is written down with space that was kept for it.
      ok(await inro("kill", "sleeper"));
      for (
        let tries = 0;
        !ok(await inro("ps", "-a", "--format", "{{.Status}}")).startsWith("Exited (137)");
        tries++
      ) {
        expect(tries).toBeLessThan(100);
        await Bun.sleep(20);
      }
      ok(await inro("rm", "sleeper"));
      ok(await inro("rmi", "heavy:1"));
      expect(await names()).toEqual(whatWasThere);
      ok(await inro("run", "--rm", "--network", "none", "busybox", "true"));
      await free();
      ok(await inro("volume", "create", "new"));
      ok(await inro("volume", "rm", "new"));
      await engine.kill();
      await engine.serve();
      expect(ok(await inro("ps", "-aq"))).toBe("");
      expect(await names()).toEqual(whatWasThere);
      await clean();
    }, 60_000);

    test("an engine starts on a full disk, shows what is there and removes it", async () => {
      const heavy = tar({ name: "heavy", content: randomBytes(4 * MiB) });
      ok(await engine.inroWith({ input: dockerArchive("heavy:1", [heavy], [digestOf(heavy)]) }, "load"));
      const free = await disk.fill();
      await engine.kill();
      await engine.serve();
      expect(await names()).toEqual(["busybox", "heavy", "localhost/hello"]);
      await free();
      ok(await inro("rmi", "heavy:1"));
      await clean();
    }, 60_000);
  },
);
