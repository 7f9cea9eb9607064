/** The engine on each storage driver: what a user sees is the same, and limits are kept. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { DriverName } from "../../src/image/snapshot/driver.ts";
import { rootMissing, type TestEngine, testEngineIn } from "../support/engine.ts";
import { canMake, type FileSystemType, fileSystem } from "../support/file-system.ts";
import { type Host, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { busyboxArchive, busyboxMissing } from "./busybox.ts";

const places: readonly [DriverName, FileSystemType | "host"][] = [
  ["overlay", "host"],
  ["copy", "xfs"],
  ["btrfs", "btrfs"],
];

for (const [driver, on] of places)
  describe.skipIf(rootMissing || busyboxMissing || (on !== "host" && !canMake(on)))(
    `an engine whose storage driver is ${driver}`,
    () => {
      let host: Host;
      let engine: TestEngine;
      const out = async (...words: string[]) => {
        const { code, stdout, stderr } = await engine.inro(...words);
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        return stdout.trimEnd();
      };

      beforeAll(async () => {
        host = await ownHost();
        const folder = on === "host" ? temporaryFolder("storage") : fileSystem(on);
        engine = await testEngineIn(folder, host, "--storage-driver", driver);
        await engine.inroWith({ input: busyboxArchive() }, "load");
      }, 60_000);
      afterAll(async () => {
        await engine?.[Symbol.asyncDispose]();
        host?.[Symbol.dispose]();
      }, 60_000);

      test("info and inspect name it, as docker does", async () => {
        const name = driver === "overlay" ? "overlay2" : driver;
        await out("create", "--name", "named", "busybox");
        expect(await out("info", "-f", "{{.Driver}}")).toBe(name);
        expect(await out("inspect", "-f", "{{.Driver}} {{.GraphDriver.Name}}", "named")).toBe(
          `${name} ${name}`,
        );
        expect(await out("image", "inspect", "-f", "{{.GraphDriver.Name}}", "busybox")).toBe(name);
      }, 30_000);

      test("run, diff, cp, commit, export, size and rm, of a running and of a stopped container", async () => {
        const script = "echo mine > /data/mine; rm /data/file; mkdir /new; sleep 600";
        await out("run", "-d", "--name", "work", "-v", "kept:/kept", "busybox", "sh", "-c", script);
        const ready = ["exec", "work", "stat", "/new"];
        for (let tries = 0; tries < 100 && (await engine.inro(...ready)).code !== 0; tries++)
          await Bun.sleep(50);
        const changed = ["A /data/mine", "A /kept", "A /new", "C /data", "D /data/file"];
        const diff = async () => (await out("diff", "work")).split("\n").sort();
        expect(await diff()).toEqual(changed);
        await engine.inroWith(
          { input: "" },
          "exec",
          "work",
          "dd",
          "if=/dev/urandom",
          "of=/new/big",
          "bs=1M",
          "count=3",
        );
        const size = Number(await out("inspect", "-s", "-f", "{{.SizeRw}}", "work"));
        expect(size).toBeGreaterThanOrEqual(3 << 20);
        expect(size).toBeLessThan(4 << 20);
        await out("commit", "work", "made");
        expect(await out("run", "--rm", "made", "sh", "-c", "cat /data/mine; ls /data")).toBe(
          "mine\nmine\nsub",
        );
        await out("stop", "-t", "0", "work");
        expect((await diff()).filter((line) => !line.includes("big"))).toEqual(changed);
        expect(await out("cp", "work:/data/mine", "-")).toContain("\0mine\n\0");
        // A stopped container's volumes are where they belong.
        using folder = temporaryFolder("storage");
        await Bun.write(join(folder.path, "file"), "to the volume");
        await engine.inro("cp", join(folder.path, "file"), "work:/kept/file");
        expect(await out("run", "--rm", "-v", "kept:/v", "busybox", "cat", "/v/file")).toBe("to the volume");
        await out("export", "-o", join(folder.path, "all.tar"), "work");
        const names = Bun.spawnSync(["tar", "-tf", join(folder.path, "all.tar")]).stdout.toString();
        expect(names).toContain("data/mine\n");
        expect(names).not.toContain("data/file\n");
        await out("start", "work");
        expect(await out("exec", "work", "cat", "/data/mine")).toBe("mine");
        await out("rm", "-f", "work");
      }, 60_000);

      test("what a removed container made immutable goes too", async () => {
        await out("run", "-d", "--name", "hard", "busybox", "sh", "-c", "mkdir /a; touch /a/b; sleep 600");
        const root = `/proc/${await out("inspect", "-f", "{{.State.Pid}}", "hard")}/root`;
        for (let tries = 0; tries < 100 && !existsSync(`${root}/a/b`); tries++) await Bun.sleep(50);
        expect(Bun.spawnSync(["chattr", "+i", `${root}/a/b`, `${root}/a`]).exitCode).toBe(0);
        await out("rm", "-f", "hard");
        const trash = join(engine.dataRoot, "trash");
        for (let tries = 0; tries < 100 && readdirSync(trash).length > 0; tries++) await Bun.sleep(50);
        expect(readdirSync(trash)).toEqual([]);
      }, 30_000);

      test("a limit is kept, or refused in plain words", async () => {
        const options = ["--name", "limited", "--storage-opt", "size=20m"];
        const fill = ["sh", "-c", "dd if=/dev/zero of=/big bs=1M count=64 2>&1; echo $?"];
        const made = await engine.inro("create", ...options, "busybox", ...fill);
        if (driver !== "btrfs") {
          expect(made.code).not.toBe(0);
          const why = {
            overlay: /has no project quota at .*: /,
            copy: /the driver copy keeps it together with the image's files/,
          }[driver];
          expect(made.stderr).toMatch(/cannot limit a container's writable layer/);
          expect(made.stderr).toMatch(why);
          expect((await engine.inro("inspect", "limited")).code).not.toBe(0);
          return;
        }
        expect(made).toMatchObject({ code: 0 });
        const written = async () => {
          const { stdout } = await engine.inro("start", "-a", "limited");
          expect(stdout).toMatch(/Disk quota exceeded(.|\n)*\n1\n$/);
          return Number(await out("inspect", "-s", "-f", "{{.SizeRw}}", "limited"));
        };
        const size = await written();
        expect(size).toBeGreaterThan(15 << 20);
        expect(size).toBeLessThanOrEqual(20 << 20);
        expect(await out("inspect", "-f", "{{.HostConfig.StorageOpt.size}}", "limited")).toBe("20m");
        await engine.docker("create", "--name", "dockers", "--storage-opt", "size=30m", "busybox");
        const told = await engine.docker("inspect", "-f", "{{.HostConfig.StorageOpt}}", "dockers");
        expect(told.stdout).toBe("map[size:30m]\n");
        // The file system keeps it, whoever serves.
        await engine.kill();
        await engine.serve();
        expect(await written()).toBeLessThanOrEqual(20 << 20);
        await out("rm", "limited");
        expect(await out("run", "--rm", "--storage-opt", "size=100m", "busybox", ...fill)).toEndWith("\n0");
      }, 60_000);

      test("served with another driver, its containers are refused, listed and removed", async () => {
        await out("create", "--name", "mine", "busybox", "true");
        await out("create", "--name", "removed", "busybox", "true");
        const other = driver === "overlay" ? "copy" : "overlay";
        await engine.kill();
        const [program = "", ...place] = engine.command;
        const daemon = host.spawn(program, ["serve", ...place, "--storage-driver", other], {
          stdio: ["ignore"],
        });
        try {
          for (let tries = 0; tries < 100 && (await engine.docker("version")).code !== 0; tries++)
            await Bun.sleep(50);
          const started = await engine.inro("start", "mine");
          expect(started.code).not.toBe(0);
          expect(started.stderr).toContain(`start the daemon with --storage-driver ${driver}`);
          expect(await out("ps", "-as", "--filter", "name=mine", "--format", "{{.Names}}")).toBe("mine");
          expect(await out("system", "df", "--format", "{{.Type}}")).toContain("Containers");
          await out("rm", "removed");
          expect(await out("run", "--rm", "busybox", "cat", "/data/file")).toBe("from the image");
        } finally {
          const ended = new Promise((resolve) => daemon.once("exit", resolve));
          daemon.kill("SIGTERM");
          await ended;
          await engine.serve();
        }
        expect((await engine.inro("start", "-a", "mine")).code).toBe(0);
        expect(await out("system", "check")).not.toContain("stray");
        await out("rm", "mine");
      }, 60_000);

      test("a limit that is none is refused", async () => {
        for (const option of ["size=big", "inodes=5"])
          expect((await engine.inro("create", "--storage-opt", option, "busybox")).code).not.toBe(0);
        expect(existsSync(join(engine.dataRoot, "inro.db"))).toBe(true);
      }, 30_000);
    },
  );
