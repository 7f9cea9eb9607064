import { describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { trees } from "../../src/image/tree/tree.ts";
import { chunks, native, tar } from "../image/fixtures.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolRoot } from "../support/tools.ts";

const tree = trees(native);

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const part of source) text += Buffer.from(part).toString("latin1");
  return text;
}

const busybox = join(toolRoot("busybox") ?? "", "bin/busybox");

/** A process whose root is `folder`, as a container's is. */
async function rooted(folder: string): Promise<ChildProcess> {
  copyFileSync(busybox, join(folder, "busybox"));
  const child = spawn("chroot", [folder, "/busybox", "sleep", "60"], { stdio: "ignore" });
  for (let i = 0; i < 200 && !existsSync(`/proc/${child.pid}/root/busybox`); i++) await Bun.sleep(10);
  return child;
}

describe.skipIf(rootMissing)("copying from and to hostile trees", () => {
  test("R9 an empty path is refused, and .. does not lead above the root (CVE-2022-23648)", async () => {
    using made = temporaryFolder("r9");
    mkdirSync(join(made.path, "root"));
    writeFileSync(join(made.path, "secret"), "secret");
    const root = { kind: "folder", path: join(made.path, "root") } as const;
    await expect(tree.stat(root, "")).rejects.toMatchObject({ code: "PATH_INVALID" });
    await expect(tree.stat(root, "a\0b")).rejects.toMatchObject({ code: "PATH_INVALID" });
    expect(await tree.stat(root, "../secret")).toBeUndefined();
    expect(await tree.stat(root, "/x/../../secret")).toBeUndefined();
    await tree.apply(root, "/../../", chunks(tar({ name: "new", content: "" })));
    expect(readdirSync(made.path).sort()).toEqual(["root", "secret"]);
    await expect(
      tree.apply(root, "/", chunks(tar({ name: "../secret", content: "owned" }))),
    ).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(readFileSync(join(made.path, "secret"), "utf8")).toBe("secret");
  });

  test("R9 a symbolic link in the image does not lead a copy out (CVE-2022-23648)", async () => {
    using made = temporaryFolder("r9");
    mkdirSync(join(made.path, "root"));
    mkdirSync(join(made.path, "outside"));
    writeFileSync(join(made.path, "outside/secret"), "secret");
    symlinkSync(join(made.path, "outside"), join(made.path, "root/volume"));
    symlinkSync("../outside/secret", join(made.path, "root/up"));
    const root = { kind: "folder", path: join(made.path, "root") } as const;
    expect(await tree.stat(root, "/volume/secret", { follow: true })).toBeUndefined();
    expect(await tree.stat(root, "/up", { follow: true })).toBeUndefined();
    // A pattern asks for the names in a folder.
    for (const folder of ["/volume", "/up", "/../outside"])
      expect(await tree.list(root, folder)).toBeUndefined();
    expect(await tree.list(root, "/")).toEqual(["up", "volume"]);
    await expect(textOf(tree.read(root, "/volume/.", { name: "x", follow: true }))).rejects.toMatchObject({
      errno: "ENOENT",
    });
    await expect(
      tree.apply(root, "/volume", chunks(tar({ name: "secret", content: "owned" }))),
    ).rejects.toMatchObject({ errno: "ENOENT" });
    expect(readFileSync(join(made.path, "outside/secret"), "utf8")).toBe("secret");
  });

  test("R11 a copy from a running container that swaps a folder for a link reads nothing of the host (CVE-2018-15664)", async () => {
    using made = temporaryFolder("r11");
    const root = join(made.path, "root");
    const host = join(made.path, "host");
    for (const path of [root, host, join(root, "real")]) mkdirSync(path);
    writeFileSync(join(host, "secret"), "HOST-SECRET");
    writeFileSync(join(root, "real/secret"), "container");
    symlinkSync(host, join(root, "evil"));
    const script = `while :; do mv -T '${root}/real' '${root}/swap' 2>/dev/null; mv -T '${root}/evil' '${root}/real' 2>/dev/null; mv -T '${root}/real' '${root}/evil' 2>/dev/null; mv -T '${root}/swap' '${root}/real' 2>/dev/null; done`;
    const swapper = spawn("sh", ["-c", script], { stdio: "ignore" });
    try {
      for (let i = 0; i < 60; i++) {
        const text = await textOf(
          tree.read({ kind: "folder", path: root }, "/real/secret", { name: "secret", follow: true }),
        ).catch(() => "");
        expect(text).not.toContain("HOST-SECRET");
        await tree
          .apply(
            { kind: "folder", path: root },
            "/real",
            chunks(tar({ name: "secret", content: "container" })),
          )
          .catch(() => {});
        expect(readFileSync(join(host, "secret"), "utf8")).toBe("HOST-SECRET");
      }
    } finally {
      swapper.kill("SIGKILL");
    }
  }, 30_000);

  test.skipIf(toolRoot("busybox") === undefined)(
    "R11 nothing of the container is loaded or run by a copy (CVE-2019-14271)",
    async () => {
      const folder = mkdtempSync("/tmp/inro-r11-");
      const child = await rooted(folder);
      try {
        const root = { kind: "process", pid: child.pid ?? 0 } as const;
        for (const name of ["lib", "lib64", "etc"]) mkdirSync(join(folder, name));
        writeFileSync(join(folder, "etc/nsswitch.conf"), "passwd: evil\n");
        writeFileSync(join(folder, "lib/libnss_evil.so.2"), "\x7fELF");
        symlinkSync("/etc/nsswitch.conf", join(folder, "link"));
        expect(await textOf(tree.read(root, "/link", { name: "x", follow: true }))).toContain("passwd: evil");
        await tree.apply(root, "/etc", chunks(tar({ name: "new", content: "from outside" })));
        expect(readFileSync(join(folder, "etc/new"), "utf8")).toBe("from outside");
        // The native program is static: what a copy maps is itself.
        const maps = readFileSync(native).subarray(0, 4096).toString("latin1");
        expect(maps).not.toContain("ld-linux");
        // What the process sees is the root, also by an absolute link.
        expect(await tree.stat(root, "/etc/shadow")).toBeUndefined();
        expect(lstatSync(join(folder, "etc/new")).isFile()).toBe(true);
      } finally {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        if (child.exitCode === null && child.kill("SIGKILL")) await ended;
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  test("R11 a copy does not open devices or wait for pipes of the container", async () => {
    using made = temporaryFolder("r11");
    const root = { kind: "folder", path: made.path } as const;
    await tree.apply(
      root,
      "/",
      chunks(tar({ name: "pipe", type: "fifo" }, { name: "disk", type: "block", major: 7, minor: 99 })),
    );
    const text = await textOf(tree.read(root, "/", { name: "all" }));
    expect(text).toContain("all/pipe");
    expect(text).toContain("all/disk");
  });
});
