import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SpecMount } from "../../src/oci/runtime-spec.ts";
import { typical } from "../runtime/compile/spec.ts";
import { canRun, removeTestCgroups, testContainer, type Wish } from "../runtime/container.ts";

afterAll(removeTestCgroups);

/** A folder of the host that an image tries to read, or to have changed. */
const host = mkdtempSync("/tmp/inro-attack-");
writeFileSync(join(host, "secret"), "of the host\n");
afterAll(() => rmSync(host, { recursive: true, force: true }));
const WAY_OUT = `../../../../../..${host}`;

const attacked = (mount: SpecMount, wish: Wish) =>
  testContainer({ ...wish, spec: { mounts: [...(typical.mounts ?? []), mount] } });
const copyUp = (destination: string): SpecMount => ({
  ...{ destination, type: "tmpfs", source: "tmpfs" },
  options: ["tmpcopyup"],
});

describe.skipIf(!canRun)("tmpcopyup of a hostile image", () => {
  test("R1 links out of the root are copied as links, and what they name is not read", async () => {
    await using c = await attacked(copyUp("/data"), {
      image: (rootfs) => {
        mkdirSync(join(rootfs, "data/sub"), { recursive: true });
        for (const [name, target] of [
          ["file", join(host, "secret")],
          ["folder", host],
          ["up", WAY_OUT],
          ["magic", "/proc/self/root"],
          ["sub/up", `${WAY_OUT}/secret`],
        ] as const) {
          symlinkSync(target, join(rootfs, "data", name));
        }
      },
      script: "find /data -type l | wc -l; find /data -type f | wc -l; cat /data/file",
    });
    expect((await c.run()).output).toBe("5\n0\ncat: can't open '/data/file': No such file or directory\n");
  });

  test("R1 a destination that leads out of the root is read inside it", async () => {
    await using c = await attacked(copyUp("/data"), {
      image: (rootfs) => {
        symlinkSync(WAY_OUT, join(rootfs, "data"));
        mkdirSync(join(rootfs, host), { recursive: true });
        writeFileSync(join(rootfs, host, "own"), "");
      },
      script: "ls /data",
    });
    expect((await c.run()).output).toBe("own\n");
    expect(readdirSync(host)).toEqual(["secret"]);
  });

  test("R1 a file that is exchanged for a link while it is copied is not followed (CVE-2021-30465)", async () => {
    const image = (rootfs: string): void => {
      mkdirSync(join(rootfs, "data"));
      symlinkSync(join(host, "secret"), join(rootfs, "link"));
      for (let i = 0; i < 400; i++) writeFileSync(join(rootfs, "data", `f${i}`), "of the image\n");
    };
    for (let round = 0; round < 5; round++) {
      await using c = await attacked(copyUp("/data"), {
        image,
        script: "grep -rl 'of the host' /data 2>/dev/null | wc -l",
      });
      const swapping = swapUntilDone(join(c.rootfs, "data"), join(c.rootfs, "link"));
      const { output } = await c.run().catch(() => ({ output: "0\n" }));
      swapping.stop();
      expect(output).toBe("0\n");
    }
  });

  test("R6 a pipe does not stop the copy, and is a pipe", async () => {
    await using c = await attacked(copyUp("/data"), {
      image: (rootfs) => {
        mkdirSync(join(rootfs, "data"));
        Bun.spawnSync(["mkfifo", join(rootfs, "data/fifo")]);
      },
      script: "stat -c %F /data/fifo",
    });
    expect((await c.run()).output).toBe("fifo\n");
  });

  test("R6 a tree that is deeper than any real one is refused", async () => {
    await using c = await attacked(copyUp("/data"), {
      image: (rootfs) => mkdirSync(join(rootfs, "data", "d/".repeat(200)), { recursive: true }),
    });
    await expect(c.create()).rejects.toMatchObject({ code: "MOUNT_FAILED", at: "/mounts/7" });
  });

  test("R6 what is mounted below the folder is not entered", async () => {
    const mounts = [
      ...(typical.mounts ?? []),
      { destination: "/data/proc", type: "proc", source: "proc" },
      copyUp("/data"),
    ];
    await using c = await testContainer({ spec: { mounts }, script: "ls /data; ls /data/proc | wc -l" });
    expect((await c.run()).output).toBe("proc\n0\n");
  });
});

/** A program that exchanges a file of the folder for the link, and back, as fast as it can. */
function swapUntilDone(folder: string, link: string): { stop(): void } {
  const child = Bun.spawn(
    [
      "sh",
      "-c",
      `cd ${folder}; while :; do for f in f1 f50 f200 f399; do ln -sf ${link} x; mv -T x $f; rm -f $f; echo 'of the image' > $f; done; done`,
    ],
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  return { stop: () => child.kill(9) };
}

describe.skipIf(!canRun)("remounts", () => {
  const remount = (destination: string): SpecMount => ({ destination, options: ["remount", "bind", "ro"] });

  test.each(["proc", "sys", "dev"])("R1 a /%s that is a link is not remounted through it", async (name) => {
    const mounts = [{ destination: "/tmp/there", type: "tmpfs", source: "tmpfs" }, remount(`/${name}`)];
    await using c = await testContainer({
      spec: { mounts },
      image: (rootfs) => {
        rmSync(join(rootfs, name), { recursive: true });
        symlinkSync("tmp/there", join(rootfs, name));
      },
    });
    await expect(c.create()).rejects.toMatchObject({ code: "DESTINATION_NOT_DIRECTORY" });
  });

  test("R1 a remount through a link never reaches a mount of the host", async () => {
    await Bun.$`mount -t tmpfs tmpfs ${host}`.quiet();
    try {
      await using c = await attacked(remount("/data"), {
        image: (rootfs) => symlinkSync(WAY_OUT, join(rootfs, "data")),
      });
      await expect(c.create()).rejects.toMatchObject({ at: "/mounts/7" });
      expect(await Bun.file("/proc/self/mountinfo").text()).toMatch(new RegExp(` ${host} rw,`));
    } finally {
      await Bun.$`umount -l ${host}`.quiet();
    }
  });

  test("R1 /proc/self and other magic links are no way to remount or to mount", async () => {
    for (const destination of [
      "/proc/self/root/tmp",
      "/proc/self",
      "/proc/1/cwd",
      "/proc/thread-self/fd/0",
    ]) {
      for (const mount of [remount(destination), { destination, type: "tmpfs", source: "tmpfs" }]) {
        await using c = await attacked(mount, {});
        await expect(c.create()).rejects.toMatchObject({ at: "/mounts/7" });
      }
    }
  });
});
