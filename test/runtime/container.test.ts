import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canRun, makeRoot, removeTestCgroups, testContainer } from "./container.ts";

afterAll(removeTestCgroups);

describe.skipIf(!canRun)("what a container sees", () => {
  test("it is pid 1 of its own namespaces, with its own host name, and ends as its program does", async () => {
    await using c = await testContainer({ script: "echo $$; hostname; readlink /proc/self/ns/pid; exit 7" });
    const { output, code } = await c.run();
    const [pid, hostname, namespace] = output.split("\n");
    expect([pid, hostname, code]).toEqual(["1", "typical", 7]);
    expect(namespace).toMatch(/^pid:\[\d+\]$/);
    expect(namespace).not.toBe((await Bun.$`readlink /proc/self/ns/pid`.text()).trim());
  });

  test("its /dev holds the standard devices, links and folders, and nothing of the host's", async () => {
    await using c = await testContainer({
      script:
        "ls /dev; stat -c '%n %F %a %t:%T' /dev/null /dev/tty /dev/random; readlink /dev/fd; echo x > /dev/full",
    });
    const { output, code } = await c.run();
    expect(output.split("\n").slice(0, 15)).toEqual(
      "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero".split(" "),
    );
    expect(output).toContain("/dev/null character special file 666 1:3");
    expect(output).toContain("/dev/tty character special file 666 5:0");
    expect(output).toContain("/proc/self/fd");
    expect(output).toContain("No space left on device");
    expect(code).toBe(1);
  });

  test("masked paths read as empty, read-only paths refuse to be written", async () => {
    await using c = await testContainer({
      linux: { maskedPaths: ["/proc/interrupts", "/sys/firmware", "/no/such"], readonlyPaths: ["/proc/sys"] },
      script: "wc -c < /proc/interrupts; ls /sys/firmware | wc -l; echo 1 > /proc/sys/vm/swappiness; echo $?",
    });
    const { output } = await c.run();
    expect(output).toMatch(/^0\n0\n.*Read-only file system\n1\n$/s);
  });

  test("a read-only root cannot be written, a volume in it can", async () => {
    await using c = await testContainer({
      spec: {
        root: { path: "", readonly: true },
        mounts: [{ destination: "/data", type: "tmpfs", source: "tmpfs", options: ["size=1m"] }],
      },
      script: "touch /x; touch /data/x && echo written",
    });
    const { output } = await c.run();
    expect(output).toContain("touch: /x: Read-only file system");
    expect(output).toContain("written");
  });

  test("it runs as the user, groups, umask and working directory that were asked for", async () => {
    await using c = await testContainer({
      process: { user: { uid: 33, gid: 34, additionalGids: [34, 50], umask: 0o27 }, cwd: "/srv/made" },
      script: "id -u; id -g; id -G; umask; pwd",
    });
    expect((await c.run()).output).toBe("33\n34\n34 50\n0027\n/srv/made\n");
  });

  test("it has the capabilities, limits and filter of its specification, no more", async () => {
    await using c = await testContainer({
      process: { rlimits: [{ type: "RLIMIT_NOFILE", soft: 100, hard: 200 }], noNewPrivileges: true },
      linux: {
        seccomp: {
          defaultAction: "SCMP_ACT_ALLOW",
          syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_ERRNO" }],
        },
      },
      script: "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; ulimit -n; ulimit -Hn; mkdir /tmp/x",
    });
    const { output } = await c.run();
    expect(output).toBe(
      [
        "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000021",
        "CapEff:\t0000000000000021",
        "CapBnd:\t0000000000000021",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "100",
        "200",
        "mkdir: can't create directory '/tmp/x': Operation not permitted",
        "",
      ].join("\n"),
    );
  });

  test("bind mounts show folders and files of the host, read-only where asked", async () => {
    await using c = await testContainer({
      image: (rootfs) => {
        mkdirSync(join(rootfs, "../data"));
        writeFileSync(join(rootfs, "../data/a"), "of the host\n");
        writeFileSync(join(rootfs, "../file"), "a file\n");
      },
      script: "cat /data/a /etc/new/file; echo more >> /etc/new/file; touch /data/b",
    });
    const source = (name: string) => join(c.rootfs, "..", name);
    const mounts = [
      ...(c.request.spec.mounts ?? []),
      { destination: "/data", type: "bind", source: source("data"), options: ["rbind", "ro"] },
      { destination: "/etc/new/file", type: "bind", source: source("file"), options: ["bind"] },
    ];
    Object.assign(c.request, { spec: { ...c.request.spec, mounts } });
    const { output } = await c.run();
    expect(output).toBe("of the host\na file\ntouch: /data/b: Read-only file system\n");
    expect(await Bun.file(source("file")).text()).toBe("a file\nmore\n");
  });

  test("an overlay of layers is its root; what it writes lands in the upper folder", async () => {
    await using c = await testContainer({
      script: "cat /etc/low /etc/high; echo new > /etc/made; rm /etc/low",
    });
    for (const name of ["l/0/etc", "l/1", "upper", "work", "m"]) {
      mkdirSync(join(c.folder, name), { recursive: true });
    }
    makeRoot(join(c.folder, "l/1"));
    writeFileSync(join(c.folder, "l/1/etc/low"), "low\n");
    writeFileSync(join(c.folder, "l/0/etc/high"), "high\n");
    const rootfs = {
      kind: "overlay",
      folder: c.folder,
      lower: ["l/0", "l/1"],
      upper: "upper",
      work: "work",
      mountpoint: "m",
    };
    Object.assign(c.request, { rootfs });
    expect((await c.run()).output).toBe("low\nhigh\n");
    expect(readdirSync(join(c.folder, "upper/etc")).sort()).toEqual(["low", "made"]);
    expect(await Bun.file("/proc/self/mountinfo").text()).not.toContain(c.folder);
  });

  test("sysctls of its own namespaces are set, the OOM score is what was asked for", async () => {
    await using c = await testContainer({
      process: { oomScoreAdj: 321 },
      linux: { sysctl: { "net.ipv4.ip_unprivileged_port_start": "80", "kernel.domainname": "example" } },
      script:
        "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/domainname /proc/self/oom_score_adj",
    });
    expect((await c.run()).output).toBe("80\nexample\n321\n");
  });

  test("its cgroup is the root of what it sees, and is mounted read-only", async () => {
    await using c = await testContainer({
      script:
        "cut -d: -f3 /proc/self/cgroup | grep -v '^/$'; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/memory/x; true",
    });
    const { output } = await c.run();
    expect(output.split("\n").filter((line) => line.startsWith("/"))).toEqual([]);
    expect(output).toMatch(/Read-only file system/);
  });

  test("an init of ours reaps orphans and passes on signals and exit codes", async () => {
    await using c = await testContainer({
      request: { useInit: true },
      script: "echo $$; (sleep 0.05 &) ; sleep 0.2; ps -o stat | grep -c Z; kill -TERM $$",
    });
    const { output, code } = await c.run();
    expect(output.split("\n")[0]).not.toBe("1");
    expect(output.split("\n")[1]).toBe("0");
    expect(code).toBe(143);
  });

  test("a user namespace maps ids, and its /dev is made of the host's nodes", async () => {
    const maps = [{ containerID: 0, hostID: 0, size: 65_536 }];
    await using c = await testContainer({
      linux: {
        namespaces: ["pid", "mount", "network", "ipc", "uts", "cgroup", "user"].map((type) => ({
          type: type as "pid",
        })),
        uidMappings: maps,
        gidMappings: maps,
      },
      script: "cat /proc/self/uid_map; echo x > /dev/null && stat -c %t:%T /dev/null; id -u",
    });
    const { output } = await c.run();
    expect(output.replace(/ +/g, " ")).toBe(" 0 0 65536\n1:3\n0\n");
  });
});

describe.skipIf(!canRun)("a terminal", () => {
  test("is the container's own, has the size asked for from the start, and can be resized", async () => {
    await using c = await testContainer({
      process: { terminal: true, consoleSize: { height: 25, width: 81 } },
      script:
        "tty; stty size; ls /dev/console; trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.01; done",
    });
    const container = await c.create();
    await container.start();
    await seen(c.output, "ready");
    await container.resize({ rows: 40, columns: 120 });
    await container.exited;
    expect(c.output().replaceAll("\r", "")).toBe("/dev/pts/0\n25 81\n/dev/console\nready\n40 120\n");
  });
});

/** Waits for a text in a container's output; the test's own time limit ends it. */
async function seen(output: () => string, text: string): Promise<void> {
  while (!output().includes(text)) await Bun.sleep(2);
}
