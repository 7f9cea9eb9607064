import { describe, expect, test } from "bun:test";
import { cgroupValue } from "../support/cgroup-files.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { canLoop, loopDevice } from "../support/loop.ts";
import { busyboxMissing, hasDocker } from "./busybox.ts";
import { dockerEngine } from "./docker.ts";

const MIB = 1024 * 1024;

describe.skipIf(rootMissing || busyboxMissing || !canLoop)("limits of single disks", () => {
  const it = dockerEngine(machine);

  const ok = async (client: "docker" | "inro", ...words: string[]) => {
    const { code, stdout, stderr } = await it.engine[client](...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.trim();
  };
  const any = hasDocker ? "docker" : "inro";
  const pidOf = async (name: string) => Number(await ok(any, "inspect", "-f", "{{.State.Pid}}", name));

  /** A file's line of one disk, or on v2 its value in io.max. */
  const limit = (pid: number, device: string, file: string, key: string): string => {
    const text = cgroupValue(pid, "blkio", `blkio.throttle.${file}`, "io.max");
    const line = text.split("\n").find((row) => row.startsWith(`${device} `)) ?? "";
    return line.includes("=")
      ? (new RegExp(`${key}=(\\S+)`).exec(line)?.[1] ?? "")
      : (line.split(" ")[1] ?? "");
  };
  const limits = (pid: number, device: string) => [
    limit(pid, device, "read_bps_device", "rbps"),
    limit(pid, device, "write_bps_device", "wbps"),
    limit(pid, device, "read_iops_device", "riops"),
    limit(pid, device, "write_iops_device", "wiops"),
  ];

  for (const client of hasDocker ? (["docker", "inro"] as const) : (["inro"] as const))
    test(`${client} run --device-read-bps …: in the cgroup's files, in inspect and in explain`, async () => {
      using disk = loopDevice(MIB);
      const device = `7:${disk.minor}`;
      const path = `/dev/loop${disk.minor}`;
      const flags = [
        `--device-read-bps=${path}:1mb`,
        `--device-write-bps=${path}:2mb`,
        `--device-read-iops=${path}:300`,
        `--device-write-iops=${path}:400`,
      ];
      await ok(
        client,
        "run",
        "-d",
        "--network=none",
        "--name",
        `disk-${client}`,
        ...flags,
        "busybox",
        "sleep",
        "600",
      );
      const pid = await pidOf(`disk-${client}`);
      expect(limits(pid, device)).toEqual([String(MIB), String(2 * MIB), "300", "400"]);
      const told = JSON.parse(await ok(any, "inspect", "-f", "{{json .HostConfig}}", `disk-${client}`));
      expect(told).toMatchObject({
        BlkioDeviceReadBps: [{ Path: path, Rate: MIB }],
        BlkioDeviceWriteBps: [{ Path: path, Rate: 2 * MIB }],
        BlkioDeviceReadIOps: [{ Path: path, Rate: 300 }],
        BlkioDeviceWriteIOps: [{ Path: path, Rate: 400 }],
        BlkioWeightDevice: [],
      });
      const plan = await ok("inro", "explain", `disk-${client}`);
      expect(plan).toMatch(new RegExp(`${device} .*1048576.*--device-read-bps ${path}:1m`));
      expect(plan).toContain(`--device-write-iops ${path}:400`);
      await ok(any, "rm", "-f", `disk-${client}`);
    }, 30_000);

  test("they are changed while it runs, by disk; 0 takes one away, and it stays away after a restart", async () => {
    using disk = loopDevice(MIB);
    using other = loopDevice(MIB);
    const [path, second] = [`/dev/loop${disk.minor}`, `/dev/loop${other.minor}`];
    await ok(
      "inro",
      "run",
      "-d",
      "--network=none",
      "--name",
      "later",
      `--device-write-bps=${path}:1mb`,
      "busybox",
      "sleep",
      "600",
    );
    await ok("inro", "update", `--device-write-bps=${second}:3mb`, `--device-read-iops=${path}:50`, "later");
    const check = (pid: number, first: string) => {
      expect(limits(pid, `7:${disk.minor}`)[1]).toMatch(new RegExp(first));
      expect(limits(pid, `7:${disk.minor}`)[2]).toBe("50");
      expect(limits(pid, `7:${other.minor}`)[1]).toBe(String(3 * MIB));
    };
    check(await pidOf("later"), String(MIB));
    await ok("inro", "update", `--device-write-bps=${path}:0`, "later");
    check(await pidOf("later"), "^(max)?$");
    await ok("inro", "restart", "-t0", "later");
    check(await pidOf("later"), "^(max)?$");
    await ok("inro", "rm", "-f", "later");
  }, 30_000);

  test("a weight on one disk, where its scheduler knows weights", async () => {
    using disk = loopDevice(MIB);
    try {
      disk.useScheduler("bfq");
    } catch {
      return;
    }
    const path = `/dev/loop${disk.minor}`;
    await ok(
      any,
      "run",
      "-d",
      "--network=none",
      "--name",
      "weighed",
      `--blkio-weight-device=${path}:300`,
      "busybox",
      "sleep",
      "600",
    );
    const text = cgroupValue(await pidOf("weighed"), "blkio", "blkio.bfq.weight_device", "io.bfq.weight");
    expect(text).toContain(`7:${disk.minor} 300`);
    await ok(any, "rm", "-f", "weighed");
  }, 30_000);

  test("what is no disk is refused when the container is made", async () => {
    const why = async (...flags: string[]) => (await it.engine[any]("create", ...flags, "busybox")).stderr;
    expect(await why("--device-read-bps=/dev/no-disk:1mb")).toContain("it does not exist on the host");
    expect(await why("--device-read-bps=/dev/null:1mb")).toContain("it is not a block device");
    const own = await it.engine.inro("create", "--device-read-bps=/dev/loop0", "busybox");
    expect([own.code, own.stderr]).toEqual([125, expect.stringContaining("as /dev/sda:1mb")]);
    expect(
      (await it.engine.inro("create", "--blkio-weight-device=/dev/loop0:5", "busybox")).stderr,
    ).toContain("it is not within 10 to 1000");
  }, 30_000);
});
