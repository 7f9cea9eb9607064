import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { DriverName } from "../../src/image/snapshot/driver.ts";
import { busyboxArchive, busyboxMissing } from "../engine/busybox.ts";
import { rootMissing, type TestEngine, testEngineIn } from "../support/engine.ts";
import { canMake, type FileSystemType, fileSystem } from "../support/file-system.ts";
import { type Host, ownHost, type RunOptions } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A short run in the gate; `INRO_KILLS=200 npm test -- test/crash/storage-kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 3);

const places: readonly [DriverName, FileSystemType | "host"][] = [
  ["copy", "host"],
  ["btrfs", "btrfs"],
];

for (const [driver, on] of places)
  describe.skipIf(rootMissing || busyboxMissing || (on !== "host" && !canMake(on)))(
    `the daemon is killed while containers of the driver ${driver} come and go`,
    () => {
      let host: Host;
      let engine: TestEngine;
      beforeAll(async () => {
        host = await ownHost();
        const folder = on === "host" ? temporaryFolder("storage") : fileSystem(on);
        engine = await testEngineIn(folder, host, "--storage-driver", driver);
      }, 60_000);
      afterAll(async () => {
        await engine?.[Symbol.asyncDispose]();
        host?.[Symbol.dispose]();
      }, 60_000);

      const entries = (name: string) => readdirSync(join(engine.dataRoot, name)).sort();
      // By the socket alone: a client that knows the places would start a daemon.
      const client = (options: RunOptions, ...words: string[]) =>
        host.run(engine.command[0] ?? "", ["-H", `unix://${engine.socket}`, ...words], options);
      const lines = async (...words: string[]) =>
        (await engine.inro(...words)).stdout.split("\n").filter((line) => line !== "");

      test(
        `${KILLS} times: what is there is whole, and nothing else is`,
        async () => {
          for (let kill = 0; kill < KILLS; kill++) {
            const input = busyboxArchive();
            const work = (async () => {
              await client({ input }, "load");
              const made = await Promise.all(
                [1, 2, 3].map(() => client({}, "create", "busybox", "cat", "/data/file")),
              );
              await Promise.all(made.map(({ stdout }) => client({}, "rm", stdout.trim())));
              await client({}, "rmi", "-f", "busybox");
            })();
            await Bun.sleep(Math.random() * 500);
            await engine.kill();
            await work;
            await engine.serve();
            for (let tries = 0; tries < 100 && entries("trash").length > 0; tries++) await Bun.sleep(20);
            expect(entries("trash")).toEqual([]);
            expect(entries("").filter((name) => name.startsWith("."))).toEqual([]);
            const ids = (await lines("ps", "-aq", "--no-trunc")).sort();
            expect(entries("containers")).toEqual(ids);
            for (const id of ids)
              expect((await engine.inro("start", "-a", id)).stdout).toBe("from the image\n");
            if (ids.length > 0) await engine.inro("rm", ...ids);
            await engine.inro("rmi", "-f", "busybox");
            expect((await engine.inroWith({ input }, "load")).code).toBe(0);
            expect((await engine.inro("run", "--rm", "busybox", "cat", "/data/file")).stdout).toBe(
              "from the image\n",
            );
            await engine.inro("rmi", "busybox");
            expect(entries(`snapshots-${driver}`).filter((name) => name.startsWith("."))).toEqual([]);
          }
        },
        20_000 + KILLS * 5_000,
      );
    },
  );
