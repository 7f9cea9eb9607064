import { afterAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { canRun, removeTestCgroups, type TestContainer, testContainer } from "../runtime/container.ts";

afterAll(removeTestCgroups);

/** A folder of the host that an image tries to reach. */
const host = mkdtempSync("/tmp/inro-attack-");
afterAll(() => rmSync(host, { recursive: true, force: true }));

function replaceBySymlink(rootfs: string, name: string, target: string): void {
  rmSync(join(rootfs, name), { recursive: true, force: true });
  symlinkSync(target, join(rootfs, name));
}

/** The folder `a` becomes the link, and back; the runtime may make an `a` of its own in between. */
function exchange(rootfs: string): void {
  const steps = [
    ["a", "c"],
    ["b", "a"],
    ["a", "b"],
    ["c", "a"],
  ] as const;
  for (const [from, to] of steps) {
    try {
      renameSync(join(rootfs, from), join(rootfs, to));
    } catch {
      // The next step mends it.
    }
  }
}

const withMount = (c: TestContainer, mount: object): void => {
  const { spec } = c.request;
  Object.assign(c.request, { spec: { ...spec, mounts: [...(spec.mounts ?? []), mount] } });
};

describe.skipIf(!canRun)("paths of an image", () => {
  test.each(["proc", "sys", "dev"])(
    "R1 a /%s symlink in the image is no place to mount (CVE-2019-19921, CVE-2023-27561)",
    async (name) => {
      await using c = await testContainer({ image: (rootfs) => replaceBySymlink(rootfs, name, `..${host}`) });
      await expect(c.create()).rejects.toMatchObject({ code: "DESTINATION_NOT_DIRECTORY" });
      expect(readdirSync(host)).toEqual([]);
    },
  );

  test.each(["proc", "sys", "dev"])(
    "R1 a /%s symlink to a folder of the image is no place to mount either",
    async (name) => {
      await using c = await testContainer({ image: (rootfs) => replaceBySymlink(rootfs, name, "tmp") });
      await expect(c.create()).rejects.toMatchObject({ code: "DESTINATION_NOT_DIRECTORY" });
    },
  );

  test("R1 a symlink on the way of a volume leads inside the root, never out of it (CVE-2021-30465)", async () => {
    await using c = await testContainer({
      image: (rootfs) => symlinkSync(`../../../../../..${host}`, join(rootfs, "data")),
      script: "ls -d /data/inside/. && echo x > /data/inside/made",
    });
    withMount(c, { destination: "/data/inside", type: "tmpfs", source: "tmpfs" });
    await expect(c.create()).rejects.toMatchObject({ at: "/mounts/7" });
    expect(readdirSync(host)).toEqual([]);
  });

  test("R1 an absolute symlink is resolved inside the root", async () => {
    await using c = await testContainer({
      image: (rootfs) => symlinkSync("/tmp", join(rootfs, "data")),
      script: "mount | grep -c 'on /tmp/inside '",
    });
    withMount(c, { destination: "/data/inside", type: "tmpfs", source: "tmpfs" });
    expect((await c.run()).output).toBe("1\n");
    expect(existsSync("/tmp/inside")).toBe(false);
  });

  test("R1 a component that is exchanged for a symlink while mounts are made never leads out (CVE-2021-30465)", async () => {
    for (let round = 0; round < 10; round++) {
      await using c = await testContainer({
        image: (rootfs) => {
          mkdirSync(join(rootfs, "a"));
          symlinkSync(`../../../../../..${host}`, join(rootfs, "b"));
        },
      });
      for (let i = 0; i < 10; i++) withMount(c, { destination: `/a/m${i}`, type: "tmpfs", source: "tmpfs" });
      const creating = c.create().catch(() => {});
      for (let swap = 0; swap < 200; swap++) {
        exchange(c.rootfs);
        if (swap % 20 === 0) await Bun.sleep(0);
      }
      await creating;
      expect(readdirSync(host)).toEqual([]);
      expect(await Bun.file("/proc/self/mountinfo").text()).not.toContain(host);
    }
  });

  test("R1 a bind mount's source is what was looked at, not what is at its path later", async () => {
    await using c = await testContainer({ script: "cat /data/name" });
    const [first, second] = [join(c.folder, "first"), join(c.folder, "second")];
    for (const [folder, name] of [
      [first, "first"],
      [second, "second"],
    ] as const) {
      mkdirSync(folder);
      writeFileSync(join(folder, "name"), name);
    }
    withMount(c, { destination: "/data", type: "bind", source: first, options: ["rbind"] });
    const container = await c.create();
    renameSync(first, `${first}.old`);
    renameSync(second, first);
    await container.start();
    await container.exited;
    expect(c.output()).toBe("first");
  });

  test("R5 a /dev symlink in the image cannot redirect device set-up (CVE-2026-41579, CVE-2026-47766)", async () => {
    await using c = await testContainer({
      image: (rootfs) => replaceBySymlink(rootfs, "dev", `../../../../../..${host}`),
    });
    await expect(c.create()).rejects.toMatchObject({ code: "DESTINATION_NOT_DIRECTORY" });
    expect(readdirSync(host)).toEqual([]);
  });

  test("R5 nodes, links and folders that the image has in /dev are not what the container gets", async () => {
    await using c = await testContainer({
      image: (rootfs) => {
        for (const name of ["null", "shm", "pts", "ptmx", "console"]) {
          symlinkSync(`../../../../../..${host}/${name}`, join(rootfs, "dev", name));
        }
      },
      process: { terminal: true },
      script: "stat -c '%n %F' /dev/null /dev/shm /dev/pts /dev/console",
    });
    const { output } = await c.run();
    expect(output.replaceAll("\r", "")).toBe(
      "/dev/null character special file\n/dev/shm directory\n/dev/pts directory\n/dev/console character special file\n",
    );
    expect(readdirSync(host)).toEqual([]);
  });

  test("R6 a mount point is not made at the other end of a dangling symlink (CVE-2024-45310, CVE-2025-24965)", async () => {
    await using c = await testContainer({
      image: (rootfs) => {
        symlinkSync(join(host, "made"), join(rootfs, "absolute"));
        symlinkSync(`../../../../../..${host}/made`, join(rootfs, "relative"));
      },
    });
    withMount(c, { destination: "/absolute/x", type: "tmpfs", source: "tmpfs" });
    withMount(c, { destination: "/relative/x", type: "tmpfs", source: "tmpfs" });
    await c.create().catch(() => {});
    expect(readdirSync(host)).toEqual([]);
  });

  test("R6 a working directory is made inside the root", async () => {
    await using c = await testContainer({
      image: (rootfs) => symlinkSync(`../../../../../..${host}`, join(rootfs, "srv")),
      process: { cwd: "/srv/work" },
      script: "pwd",
    });
    await c.run().catch(() => {});
    expect(readdirSync(host)).toEqual([]);
  });

  test("R7 what stood where a mount point was asked for is still there after the container is gone (CVE-2024-23652)", async () => {
    await using c = await testContainer({
      image: (rootfs) => {
        mkdirSync(join(rootfs, "data"));
        writeFileSync(join(rootfs, "data/kept"), "kept");
      },
    });
    withMount(c, { destination: "/data", type: "tmpfs", source: "tmpfs" });
    withMount(c, { destination: "/made/point", type: "tmpfs", source: "tmpfs" });
    await c.run();
    expect(await Bun.file(join(c.rootfs, "data/kept")).text()).toBe("kept");
    expect(existsSync(join(c.rootfs, "made/point"))).toBe(true);
  });
});
