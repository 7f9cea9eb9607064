import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { SpecMount } from "../../src/oci/runtime-spec.ts";
import { readFacts } from "../../src/runtime/facts.ts";
import { getXattr, setXattr } from "../image/xattr.ts";
import { typical } from "./compile/spec.ts";
import { canRun, removeTestCgroups, type TestContainer, testContainer, type Wish } from "./container.ts";

afterAll(removeTestCgroups);

/** A container with these mounts behind the typical ones. `@name` as a source is the file beside its root. */
async function mounted(mounts: readonly SpecMount[], wish: Wish): Promise<TestContainer> {
  const c = await testContainer(wish);
  const placed = mounts.map((mount) => ({
    ...mount,
    ...(mount.source?.startsWith("@") ? { source: join(c.rootfs, "..", mount.source.slice(1)) } : {}),
  }));
  Object.assign(c.request, { spec: { ...c.request.spec, mounts: [...(typical.mounts ?? []), ...placed] } });
  return c;
}

const besideRoot = (rootfs: string, name: string): string => join(rootfs, "..", name);
const tmpfs = (destination: string, ...options: string[]): SpecMount => ({
  destination,
  type: "tmpfs",
  source: "tmpfs",
  options,
});
const bind = (destination: string, source: string, ...options: string[]): SpecMount => ({
  destination,
  type: "none",
  source,
  options: ["rbind", ...options],
});

/** The options of a mount as mountinfo has them (proc_pid_mountinfo(5), fields 6 and, after them, 7). */
const INFO = (path: string) => `grep ' ${path} ' /proc/self/mountinfo | cut -d' ' -f6-7`;

describe.skipIf(!canRun)("mount options", () => {
  test.each([
    [["nosuid", "nodev", "noexec", "ro"], "ro,nosuid,nodev,noexec,relatime"],
    [["noatime", "nodiratime"], "rw,noatime,nodiratime"],
    [["strictatime"], "rw"],
    [["noatime", "norelatime"], "rw,relatime"],
    [["nosymfollow"], "rw,relatime,nosymfollow"],
    [["rro", "rnosuid"], "ro,nosuid,relatime"],
    [["sync", "dirsync", "lazytime", "silent", "loud", "iversion", "defaults"], "rw,relatime"],
    [["async", "nolazytime", "nomand", "noiversion", "mand"], "rw,relatime"],
  ])("a tmpfs with %p is mounted %s", async (options, expected) => {
    await using c = await mounted([tmpfs("/data", ...options)], { script: INFO("/data") });
    expect((await c.run()).output.split(" ")[0]?.trim()).toBe(expected);
  });

  test("a tmpfs has the mode of the folder that the image has there, unless it is given one", async () => {
    await using c = await mounted([tmpfs("/there"), tmpfs("/there/new"), tmpfs("/tmp", "mode=1770", "ro")], {
      image: (rootfs) => mkdirSync(join(rootfs, "there"), { mode: 0o711 }),
      script: "stat -c %a /there /there/new /tmp",
    });
    expect((await c.run()).output).toBe("711\n1777\n1770\n");
  });

  test("flags of a file system reach it", async () => {
    await using c = await mounted([tmpfs("/data", "sync", "dirsync", "lazytime", "size=1m")], {
      script: "grep ' /data ' /proc/self/mountinfo | sed 's/.* - //'",
    });
    expect((await c.run()).output).toMatch(/^tmpfs tmpfs rw,sync,dirsync,lazytime,size=1024k/);
  });

  test("recursive attributes reach what is mounted below, the others only the top", async () => {
    const script = `${INFO("/data")}; ${INFO("/data/below")}`;
    await using c = await mounted([bind("/data", "@data", "rro", "nosuid", "rnoexec")], {
      script,
      image: (rootfs) => mkdirSync(besideRoot(rootfs, "data/below"), { recursive: true }),
    });
    await using _ = await mountedOnHost(besideRoot(c.rootfs, "data/below"));
    const lines = (await c.run()).output.split("\n").map((line) => line.split(" ")[0]);
    expect(lines.slice(0, 2)).toEqual(["ro,nosuid,noexec,relatime", "ro,noexec,relatime"]);
  });

  test.each([
    [["rprivate"], "-"],
    [["rslave"], "master"],
    [["slave", "shared"], "shared master"],
    [["runbindable"], "unbindable"],
    [["rshared"], "shared"],
    [[], "-"],
  ])("a bind with %p has the propagation %s", async (options, expected) => {
    const script = "grep ' /data ' /proc/self/mountinfo | sed 's/ - .*//' | cut -d' ' -f7-";
    await using c = await mounted([bind("/data", "@data", ...options)], {
      script,
      image: (rootfs) => mkdirSync(besideRoot(rootfs, "data")),
    });
    await using _ = await mountedOnHost(besideRoot(c.rootfs, "data"), "shared");
    const words = (await c.run()).output.trim().split(" ");
    expect(words.map((word) => word.split(":")[0]).join(" ") || "-").toBe(expected);
  });

  test("a remount changes what is mounted already, its file system's options too", async () => {
    const mounts = [
      tmpfs("/data", "size=1m"),
      { destination: "/data", type: "tmpfs", options: ["remount", "ro", "nosuid", "size=2m"] },
      { destination: "/proc", options: ["remount", "bind", "noatime"] },
    ];
    await using c = await mounted(mounts, {
      script: `${INFO("/data")}; grep -c ' /data ' /proc/self/mountinfo; grep -o size=.* /proc/self/mountinfo | grep 2048k; ${INFO("/proc")}`,
    });
    expect((await c.run()).output).toMatch(
      /^ro,nosuid,relatime -\n1\nsize=2048k.*\nrw,nosuid,nodev,noexec,noatime -\n$/,
    );
  });

  test("a remount of what is not mounted is an error", async () => {
    await using c = await mounted([{ destination: "/tmp", options: ["remount", "ro"] }], {});
    await expect(c.create()).rejects.toMatchObject({ code: "MOUNT_MISSING", at: "/mounts/7" });
  });

  test("a file, a device, a FIFO and a socket of the host are mounted as what they are", async () => {
    await using c = await mounted(
      ["file", "zero", "fifo", "socket"].map((name) => bind(`/run/${name}`, `@${name}`)),
      {
        script: "stat -c %F /run/file /run/zero /run/fifo /run/socket; head -c 2 /run/zero | wc -c",
        image: (rootfs) => {
          writeFileSync(besideRoot(rootfs, "file"), "");
          Bun.spawnSync(["mkfifo", besideRoot(rootfs, "fifo")]);
          Bun.spawnSync(["mknod", besideRoot(rootfs, "zero"), "c", "1", "5"]);
        },
      },
    );
    const server = createServer().listen(besideRoot(c.rootfs, "socket"));
    const { output } = await c.run();
    server.close();
    expect(output).toBe("regular empty file\ncharacter special file\nfifo\nsocket\n2\n");
  });

  test("a file is mounted over a symbolic link's target, inside the root", async () => {
    await using c = await mounted([bind("/etc/link", "@file")], {
      script: "cat /etc/target; readlink /etc/link",
      image: (rootfs) => {
        writeFileSync(besideRoot(rootfs, "file"), "mounted\n");
        writeFileSync(join(rootfs, "etc/target"), "of the image\n");
        symlinkSync("/etc/target", join(rootfs, "etc/link"));
      },
    });
    expect((await c.run()).output).toBe("mounted\n/etc/target\n");
  });

  test("a folder is no place for a file, nor a file for a folder", async () => {
    const image = (rootfs: string): void => {
      writeFileSync(besideRoot(rootfs, "file"), "");
      writeFileSync(join(rootfs, "etc/file"), "");
    };
    await using first = await mounted([bind("/tmp", "@file")], { image });
    await expect(first.create()).rejects.toMatchObject({ at: "/mounts/7" });
    await using second = await mounted([tmpfs("/etc/file")], { image });
    await expect(second.create()).rejects.toMatchObject({ code: "DESTINATION_NOT_DIRECTORY" });
  });

  test("the last mount of a place is what is seen there; what is below it comes after it", async () => {
    const mounts = [tmpfs("/data"), bind("/data", "@data"), tmpfs("/data/below"), tmpfs("relative")];
    await using c = await mounted(mounts, {
      script: "cat /data/name; grep -c ' /data/below ' /proc/mounts; grep -c ' /relative ' /proc/mounts",
      image: (rootfs) => {
        mkdirSync(besideRoot(rootfs, "data/below"), { recursive: true });
        writeFileSync(besideRoot(rootfs, "data/name"), "the bind\n");
      },
    });
    expect((await c.run()).output).toBe("the bind\n1\n1\n");
  });

  test("files below /proc and /sys can be covered one by one", async () => {
    await using c = await mounted([bind("/proc/uptime", "@file"), tmpfs("/sys/firmware")], {
      script: "cat /proc/uptime; ls /sys/firmware | wc -l",
      image: (rootfs) => writeFileSync(besideRoot(rootfs, "file"), "12 34\n"),
    });
    expect((await c.run()).output).toBe("12 34\n0\n");
  });

  test("a read-only /dev holds all that belongs there", async () => {
    const mounts = (typical.mounts ?? []).map((mount) =>
      mount.destination === "/dev" ? { ...mount, options: ["ro", "nosuid", "mode=755"] } : mount,
    );
    await using c = await testContainer({
      spec: { mounts },
      process: { terminal: true },
      script: "echo x > /dev/null && ls -1 /dev/console /dev/ptmx; touch /dev/new",
    });
    expect((await c.run()).output.replaceAll("\r", "")).toBe(
      "/dev/console\n/dev/ptmx\ntouch: /dev/new: Read-only file system\n",
    );
  });

  test("a /dev of the caller's own is taken as it is", async () => {
    await using c = await testContainer({
      spec: {
        mounts: [bind("/dev", "/dev"), ...(typical.mounts ?? []).filter(({ type }) => type === "proc")],
      },
      script: "ls /dev | wc -l; echo x > /dev/null && echo written",
    });
    expect((await c.run()).output).toBe(`${readdirSync("/dev").length}\nwritten\n`);
  });
});

/** A tmpfs on a folder of the host's, for the scope. */
async function mountedOnHost(path: string, propagation = "private"): Promise<AsyncDisposable> {
  await Bun.$`mount -t tmpfs tmpfs ${path} && mount --make-${propagation} ${path}`.quiet();
  return { [Symbol.asyncDispose]: async () => void (await Bun.$`umount -l ${path}`.quiet().nothrow()) };
}

describe.skipIf(!canRun)("tmpcopyup", () => {
  const filled = (rootfs: string): void => {
    const data = join(rootfs, "data");
    mkdirSync(join(data, "sub/deep"), { recursive: true });
    writeFileSync(join(data, "sub/file"), "x".repeat(100_000));
    chmodSync(join(data, "sub/file"), 0o4755);
    linkSync(join(data, "sub/file"), join(data, "hard"));
    symlinkSync("/nowhere/at/all", join(data, "link"));
    Bun.spawnSync(["mkfifo", "-m", "604", join(data, "fifo")]);
    Bun.spawnSync(["chown", "-h", "11:12", join(data, "link"), join(data, "hard")]);
    chmodSync(join(data, "sub/file"), 0o4755);
    chmodSync(join(data, "sub/deep"), 0o1700);
    chmodSync(data, 0o751);
    setXattr(join(data, "sub"), "trusted.test", "kept");
    lutimesSync(join(data, "sub/file"), 1000, 2000);
    for (const name of ["sub/deep", "fifo", "sub"]) lutimesSync(join(data, name), 1000, 3000);
  };
  const LOOK =
    "stat -c '%n %F %a %u:%g %h %s %Y' /data/sub /data/sub/file /data/hard /data/sub/deep /data/fifo";

  test("a tmpfs starts with what the image has there: content, modes, owners, links, times", async () => {
    await using plain = await mounted([], {
      image: filled,
      script: `${LOOK}; stat -c %a /data; readlink /data/link`,
    });
    const { output } = await plain.run();
    expect(output).toContain("/data/sub/file regular file 4755 11:12 2 100000 2000");
    await using c = await mounted([tmpfs("/data", "tmpcopyup")], {
      image: filled,
      script: `${LOOK}; stat -c %a /data; readlink /data/link; cmp /data/hard /data/sub/file; rm -r /data/sub; ls /data; stat -c %u /data/link`,
    });
    const copied = (await c.run()).output;
    // A folder's size, and on some file systems its links, are the file system's own.
    const same = (text: string): string => text.replaceAll(/(directory \S+ \S+) \d+ \d+ (\d+)$/gm, "$1 $2");
    expect(same(copied)).toBe(`${same(output)}fifo\nhard\nlink\n11\n`);
    expect(readdirSync(join(c.rootfs, "data"))).toContain("sub");
  });

  test("extended attributes come along", async () => {
    await using c = await mounted([tmpfs("/data", "tmpcopyup")], { image: filled, script: "sleep 100" });
    const { pid } = await c.create();
    expect(getXattr(`/proc/${pid}/root/data/sub`, "trusted.test")).toBe("kept");
  });

  test("it can be read-only, and keeps a mode that is asked for", async () => {
    await using c = await mounted([tmpfs("/data", "tmpcopyup", "ro", "mode=711")], {
      image: filled,
      script: "stat -c %a /data; cat /data/hard | wc -c; touch /data/x",
    });
    expect((await c.run()).output).toBe("711\n100000\ntouch: /data/x: Read-only file system\n");
  });

  test("a folder that the image does not have is empty", async () => {
    await using c = await mounted([tmpfs("/new/data", "tmpcopyup")], { script: "ls /new/data | wc -l" });
    expect((await c.run()).output).toBe("0\n");
  });

  test("what does not fit is an error that names the file, and nothing stays", async () => {
    await using c = await mounted([tmpfs("/data", "tmpcopyup", "size=64k")], { image: filled });
    await expect(c.create()).rejects.toMatchObject({
      code: "MOUNT_FAILED",
      at: "/mounts/7",
      message: expect.stringMatching(/No space left.*(hard|sub\/file)/),
    });
  });
});

describe.skipIf(!canRun)("cgroup mounts", () => {
  const { mode, list } = readFacts().hierarchies;

  test.skipIf(mode === "v2")(
    "show a folder for every hierarchy, with the container's cgroup as its root",
    async () => {
      await using c = await testContainer({
        script: "ls /sys/fs/cgroup; cat /sys/fs/cgroup/*/cgroup.procs | grep -c '^1$'",
      });
      const lines = (await c.run()).output.trim().split("\n");
      const names = list.map(({ version, name, controllers }) =>
        version === 2 ? "unified" : (name ?? controllers.join()),
      );
      expect(lines.slice(0, -1).sort()).toEqual([...names].sort());
      expect(Number(lines.at(-1))).toBe(list.length);
    },
  );

  test("without a cgroup namespace show the container's own, read-only even if that was not asked for (R21)", async () => {
    const mounts = (typical.mounts ?? []).map((mount) =>
      mount.type === "cgroup" ? { ...mount, options: ["rw"] } : mount,
    );
    const namespaces = (typical.linux?.namespaces ?? []).filter(({ type }) => type !== "cgroup");
    const folder = mode === "v2" ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    await using c = await testContainer({
      spec: { mounts },
      linux: { namespaces },
      script: `ls ${folder}/cgroup.procs; mkdir ${folder}/x`,
    });
    expect((await c.run()).output).toBe(
      `${folder}/cgroup.procs\nmkdir: can't create directory '${folder}/x': Read-only file system\n`,
    );
  });

  test.skipIf(mode === "v1")("of type cgroup2 are the unified hierarchy alone", async () => {
    const mounts = [
      ...(typical.mounts ?? []).filter(({ type }) => type !== "cgroup"),
      { destination: "/cg", type: "cgroup2", source: "cgroup", options: ["rw"] },
    ];
    await using c = await testContainer({
      spec: { mounts },
      script: "cat /cg/cgroup.procs | head -n 1; mkdir /cg/x",
    });
    expect((await c.run()).output).toBe("1\n");
  });
});

/** A file system of its own on a loop device, for the scope. */
async function blockDevice(file: string): Promise<{ readonly path: string } & AsyncDisposable> {
  await Bun.$`truncate -s 8M ${file} && mkfs.ext4 -q -F ${file}`.quiet();
  const path = (await Bun.$`losetup --find --show ${file}`.text()).trim();
  return { path, [Symbol.asyncDispose]: async () => void (await Bun.$`losetup -d ${path}`.quiet()) };
}

const canLoop = canRun && Bun.which("mkfs.ext4") !== null && Bun.which("losetup") !== null;

describe.skipIf(!canLoop)("a block device", () => {
  test.each([
    [[], "rw,relatime ext4 rw"],
    [["ro"], "ro,relatime ext4 ro"],
  ])("is mounted with %p, its file system too: %s", async (options, expected) => {
    await using c = await testContainer({
      script:
        "grep ' /data ' /proc/self/mountinfo | sed 's/^.* .data //; s/ - / /; s/ .dev.loop[0-9]*//; s/,[^ ]*$//'",
    });
    await using device = await blockDevice(join(c.rootfs, "../disk"));
    const mount = { destination: "/data", type: "ext4", source: device.path, options };
    Object.assign(c.request, { spec: { ...c.request.spec, mounts: [...(typical.mounts ?? []), mount] } });
    const { output } = await c.run();
    expect(output.trim()).toStartWith(expected);
  });
});
