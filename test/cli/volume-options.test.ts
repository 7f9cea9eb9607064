import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canMake } from "../support/file-system.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

/** The host's mounts that have to do with one of these; others mount for themselves meanwhile. */
const mountsOf = (...words: readonly string[]) =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => words.some((word) => line.includes(word)));
const loops = (file: string) =>
  spawnSync("/sbin/losetup", ["-j", file], { encoding: "utf8" }).stdout.split("\n").filter(Boolean);

describe.skipIf(engineMissing)("what a volume's options mount", () => {
  const cli = cliEngine();
  const { out, inro } = cli;
  const folder = temporaryFolder("mounts");
  const here = (name: string) => join(folder.path, name);
  const run = (mount: string, script: string) =>
    out("run", "--rm", "--mount", mount, "busybox", "sh", "-c", script);
  const failed = (...words: string[]) => inro("run", "--rm", ...words);

  beforeAll(async () => {
    mkdirSync(here("tree/below"), { recursive: true });
    writeFileSync(here("tree/file"), "on the host\n");
  });
  afterAll(() => folder[Symbol.dispose]());

  test("bind: a folder of the host, read-only where its options say so", async () => {
    const make = ["volume", "create", "-o", "type=none", "-o", `device=${here("tree")}`];
    await out(...make, "-o", "o=bind", "host");
    await out(...make, "-o", "o=bind,ro", "frozen");
    expect(await run("src=host,dst=/m", "cat /m/file; echo more > /m/more")).toBe("on the host\n");
    expect(readFileSync(here("tree/more"), "utf8")).toBe("more\n");
    expect((await inro("run", "--rm", "-v", "frozen:/m", "busybox", "touch", "/m/x")).stderr).toContain(
      "Read-only",
    );
    expect(await out("volume", "export", "host")).toContain("on the host\n");
    await out("volume", "rm", "host", "frozen");
    expect(readFileSync(here("tree/file"), "utf8")).toBe("on the host\n");
  });

  test("tmpfs: one for all that use it at a time, and gone with the last; a link in its place leads nowhere", async () => {
    await out("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m", "shared");
    const start = (name: string, ...words: string[]) =>
      out("run", "-d", "--name", name, ...words, "busybox", "sleep", "600");
    await Promise.all([
      start("user-a", "-v", "shared:/m"),
      start("user-b", "-v", "shared:/elsewhere"),
      start("user-c", "-v", "shared:/m:ro"),
    ]);
    await out("exec", "user-a", "sh", "-c", "echo from a > /m/f");
    expect(await out("exec", "user-b", "cat", "/elsewhere/f")).toBe("from a\n");
    expect(await out("exec", "user-c", "cat", "/m/f")).toBe("from a\n");
    expect((await inro("exec", "user-c", "touch", "/m/x")).stderr).toContain("Read-only");
    await out("rm", "-f", "user-a");
    await out(
      "exec",
      "user-b",
      "sh",
      "-c",
      "echo from b > /elsewhere/g; mkdir /elsewhere/sub; echo part > /elsewhere/sub/f",
    );
    expect(await run("src=shared,dst=/n", "cat /n/f /n/g; touch /n/late")).toBe("from a\nfrom b\n");
    expect(await run("src=shared,dst=/n,volume-subpath=sub", "cat /n/f")).toBe("part\n");
    expect(await out("exec", "user-c", "ls", "/m")).toBe("f\ng\nlate\nsub\n");
    await out("rm", "-f", "user-b", "user-c");
    expect(await run("src=shared,dst=/m", "ls /m")).toBe("");
    // A container that may mount has put something else where it has the volume.
    await start("evil", "--privileged", "-v", "shared:/m");
    await out("exec", "evil", "/bin/busybox", "umount", "/m");
    await out("exec", "evil", "sh", "-c", "rm -r /m; /bin/busybox ln -s /proc /m");
    const met = await failed("-v", "shared:/m", "busybox", "true");
    expect(met.code).toBe(125);
    expect(met.stderr).toContain("what another container has mounted");
    await out("rm", "-f", "evil");
    await out("volume", "rm", "shared");
  }, 60_000);

  test("tmpfs: in the container, nowhere on the host", async () => {
    const make = ["volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs"];
    await out(...make, "-o", "o=size=1m,mode=1777", "ram");
    await out("run", "-d", "--name", "user", "-v", "ram:/m", "busybox", "sleep", "600");
    expect(await out("exec", "user", "stat", "-c", "%a", "/m")).toBe("1777\n");
    expect(mountsOf(cli.engine.dataRoot, folder.path)).toEqual([]);
    await out("exec", "user", "sh", "-c", "echo in memory > /m/f");
    expect(await out("volume", "export", "ram")).toContain("in memory\n");
    await out("volume", "clone", "ram", "kept");
    await out("rm", "-f", "user");
    expect(await run("src=kept,dst=/m", "cat /m/f; stat -c %a /m")).toBe("in memory\n1777\n");
    const gone = await inro("volume", "export", "-o", here("x.tar"), "ram");
    expect(gone.stderr).toContain("is there while a container runs with it");
    await out("volume", "rm", "ram", "kept");
  });

  test.skipIf(!canMake("ext4"))(
    "a file system in a file: filled once, kept, shared, and its device goes with its last user",
    async () => {
      const file = here("disk.img");
      writeFileSync(file, "");
      truncateSync(file, 32 << 20);
      expect(spawnSync("/sbin/mke2fs", ["-q", "-F", "-t", "ext4", file]).status).toBe(0);
      await out(
        "volume",
        "create",
        "-o",
        "type=ext4",
        "-o",
        `device=${file}`,
        "-o",
        "o=loop,noatime",
        "disk",
      );
      const sleeper = (name: string, mode: string) =>
        out("run", "-d", "--name", name, "-v", `disk:/root${mode}`, "busybox", "sleep", "600");
      await sleeper("one", "");
      await out("exec", "one", "sh", "-c", "echo kept > /root/f");
      await sleeper("two", ":ro");
      expect(await out("exec", "two", "cat", "/root/f")).toBe("kept\n");
      // A daemon that dies leaves the mount with those who have it, and nothing else.
      await cli.engine.kill();
      await cli.engine.serve();
      expect((await inro("exec", "two", "touch", "/root/x")).stderr).toContain("Read-only");
      expect(loops(file)).toHaveLength(1);
      expect(
        mountsOf(cli.engine.dataRoot, folder.path, ...loops(file).map((line) => `${line.split(":")[0]} `)),
      ).toEqual([]);
      await out("rm", "-f", "one", "two");
      for (let tries = 0; tries < 200 && loops(file).length > 0; tries++) await Bun.sleep(20);
      expect(loops(file)).toEqual([]);
      expect(await out("run", "--rm", "-v", "disk:/m:ro", "busybox", "cat", "/m/f")).toBe("kept\n");
      expect(await out("volume", "export", "disk")).toContain("kept\n");
      await out("volume", "clone", "disk", "plain");
      expect(await run("src=plain,dst=/m", "cat /m/f")).toBe("kept\n");
      const part = "src=disk,dst=/p,volume-subpath=sub";
      await run("src=disk,dst=/m", "mkdir /m/sub; echo part > /m/sub/f");
      expect(await run(part, "cat /p/f")).toBe("part\n");
      // The image has files at /bin, the file system none: they come in once.
      const second = here("second.img");
      writeFileSync(second, "");
      truncateSync(second, 32 << 20);
      spawnSync("/sbin/mke2fs", ["-q", "-F", "-t", "ext4", second]);
      await out("volume", "create", "-o", "type=ext4", "-o", `device=${second}`, "filled");
      expect(await run("src=filled,dst=/bin", "rm /bin/wc; ls /bin/sh")).toBe("/bin/sh\n");
      expect((await inro("run", "--rm", "-v", "filled:/bin", "busybox", "ls", "/bin/wc")).stderr).toContain(
        "No such file",
      );
      await out("volume", "rm", "disk", "filled", "plain");
      for (let tries = 0; tries < 200 && loops(file).length > 0; tries++) await Bun.sleep(20);
      expect(loops(file)).toEqual([]);
    },
    60_000,
  );

  test("what the kernel cannot mount is an error that says so", async () => {
    await out("volume", "create", "-o", "type=nosuchfs", "-o", "device=/dev/null", "odd");
    const odd = await failed("-v", "odd:/m", "busybox", "true");
    expect(odd).toMatchObject({ code: 125 });
    expect(odd.stderr).toContain("cannot make a new nosuchfs file system");
    await out("volume", "create", "-o", "type=ext4", "-o", `device=${here("no.img")}`, "gone");
    expect((await failed("-v", "gone:/m", "busybox", "true")).stderr).toContain("ext4");
    await out(
      "volume",
      "create",
      "-o",
      "type=nfs",
      "-o",
      "device=:/srv",
      "-o",
      "o=addr=127.0.0.1,soft",
      "nfs",
    );
    expect((await failed("-v", "nfs:/m", "busybox", "true")).stderr).toContain("nfs");
    for (const name of ["odd", "gone"])
      expect(await inro("volume", "export", "-o", here("x.tar"), name)).toMatchObject({ code: 1 });
    expect((await inro("volume", "create", "-o", "colour=red")).stderr).toContain('invalid option: "colour"');
    await out("volume", "rm", "odd", "gone", "nfs");
  }, 30_000);
});
