import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxArchive, busyboxMissing } from "../engine/busybox.ts";
import { rootMissing, type TestEngine, testEngineIn } from "../support/engine.ts";
import { type Host, ownHost, type RunOptions } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A short run in the gate; `INRO_KILLS=200 npm test -- test/crash/volume-kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 4);
const FILES = 400;

describe.skipIf(rootMissing || busyboxMissing)(
  "the daemon is killed while volumes are made and renamed",
  () => {
    let host: Host;
    let engine: TestEngine;
    const folder = temporaryFolder("volume-tar");
    beforeAll(async () => {
      host = await ownHost();
      engine = await testEngineIn(temporaryFolder("volume-kills"), host);
      await engine.inroWith({ input: busyboxArchive() }, "load");
      const source = join(folder.path, "source");
      mkdirSync(source);
      for (let i = 0; i < FILES; i++) writeFileSync(join(source, `f${i}`), String(i).repeat(2000));
      spawnSync("tar", ["-C", source, "-cf", join(folder.path, "tar"), "."]);
    }, 60_000);
    afterAll(async () => {
      await engine?.[Symbol.asyncDispose]();
      host?.[Symbol.dispose]();
      folder[Symbol.dispose]();
    }, 60_000);

    // By the socket alone: a client that knows the places would start a daemon.
    const client = (options: RunOptions, ...words: string[]) =>
      host.run(engine.command[0] ?? "", ["-H", `unix://${engine.socket}`, ...words], options);
    const lines = async (...words: string[]) =>
      (await engine.inro(...words)).stdout.split("\n").filter((line) => line !== "");
    const entries = (name: string) => readdirSync(join(engine.dataRoot, name)).sort();

    test(
      `${KILLS} times: a volume is whole or not there, and containers find theirs by either name`,
      async () => {
        const input = readFileSync(join(folder.path, "tar"));
        for (let kill = 0; kill < KILLS; kill++) {
          await engine.inro(
            "run",
            "--name",
            "user",
            "-v",
            "old:/v",
            "busybox",
            "sh",
            "-c",
            "echo kept > /v/f; cat /v/f",
          );
          const work = (async () => {
            await client({ input }, "volume", "import", "first");
            await Promise.all([
              client({}, "volume", "clone", "first", "second"),
              client({}, "volume", "rename", "old", "new"),
            ]);
            await client({}, "volume", "rename", "second", "third");
          })();
          await Bun.sleep(Math.random() * 400);
          await engine.kill();
          await work;
          await engine.serve();
          for (let tries = 0; tries < 200 && entries("trash").length > 0; tries++) await Bun.sleep(20);
          expect(entries("trash")).toEqual([]);
          const names = (await lines("volume", "ls", "-q")).sort();
          expect(entries("volumes")).toEqual(names);
          for (const name of names) {
            const files = readdirSync(join(engine.dataRoot, "volumes", name, "_data"));
            expect(files).toHaveLength(["old", "new"].includes(name) ? 1 : FILES);
          }
          expect((await engine.inro("start", "-a", "user")).stdout).toBe("kept\n");
          expect((await engine.inro("rm", "user")).code).toBe(0);
          expect((await engine.inro("volume", "rm", ...names)).code).toBe(0);
        }
      },
      20_000 + KILLS * 5_000,
    );

    test(
      `${KILLS} times: an empty volume is filled with what the image has, or is empty for the next container`,
      async () => {
        const dockerfile = `FROM busybox\nRUN mkdir /many && cd /many && for i in $(seq ${FILES}); do echo $i > $i; done\n`;
        using context = temporaryFolder("many");
        writeFileSync(join(context.path, "Dockerfile"), dockerfile);
        expect(await engine.inro("build", "-qt", "many", context.path)).toMatchObject({ code: 0 });
        const inVolume = () => readdirSync(join(engine.dataRoot, "volumes/many/_data")).length;
        const seen: Record<string, number> = {};
        for (let kill = 0; kill < KILLS; kill++) {
          await engine.inro("volume", "create", "many");
          const work = client({}, "create", "--name", "filled", "-v", "many:/many", "many");
          // In the last of them, as soon as there is something.
          if (kill < KILLS - 1) await Bun.sleep(Math.random() * 100);
          else while (inVolume() === 0) await Bun.sleep(0);
          await engine.kill();
          await work;
          await engine.serve();
          const found = inVolume();
          seen[found] = (seen[found] ?? 0) + 1;
          expect([0, FILES]).toContain(found);
          expect(readdirSync(join(engine.dataRoot, "volumes/many"))).toEqual(["_data"]);
          await engine.inro("rm", "filled");
          expect(await engine.inro("create", "--name", "filled", "-v", "many:/many", "many")).toMatchObject({
            code: 0,
          });
          expect(inVolume()).toBe(FILES);
          await engine.inro("rm", "filled");
          expect(await engine.inro("volume", "rm", "many")).toMatchObject({ code: 0 });
        }
        console.log(`kills: ${KILLS}, files found afterwards: ${JSON.stringify(seen)}`);
      },
      30_000 + KILLS * 5_000,
    );
  },
);
