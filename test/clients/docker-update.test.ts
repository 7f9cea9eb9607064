import { describe, expect, test } from "bun:test";
import { cgroupValue, isUnified } from "../support/cgroup-files.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { busyboxMissing, hasDocker } from "./busybox.ts";
import { dockerEngine } from "./docker.ts";

const MIB = 1024 * 1024;

describe.skipIf(rootMissing || busyboxMissing)("update changes a container that runs", () => {
  const it = dockerEngine(machine);

  type Client = (...words: string[]) => Promise<string>;
  const clientOf =
    (name: "docker" | "inro"): Client =>
    async (...words) => {
      const { code, stdout, stderr } = await it.engine[name](...words);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout.trim();
    };
  const docker = clientOf(hasDocker ? "docker" : "inro");
  const run = async (...words: string[]) => {
    await docker("run", "-d", "--network=none", ...words);
    return pidOf(words[words.indexOf("--name") + 1] ?? "");
  };
  const pidOf = async (name: string) => Number(await docker("inspect", "-f", "{{.State.Pid}}", name));
  const asked = async (name: string, field: string) =>
    JSON.parse(await docker("inspect", "-f", `{{json .HostConfig.${field}}}`, name));

  const files = (pid: number) => ({
    memory: cgroupValue(pid, "memory", "memory.limit_in_bytes", "memory.max"),
    swap: cgroupValue(pid, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max"),
    reservation: cgroupValue(pid, "memory", "memory.soft_limit_in_bytes", "memory.low"),
    quota: cgroupValue(pid, "cpu", "cpu.cfs_quota_us", "cpu.max"),
    period: cgroupValue(pid, "cpu", "cpu.cfs_period_us", "cpu.max"),
    shares: cgroupValue(pid, "cpu", "cpu.shares", "cpu.weight"),
    cpus: cgroupValue(pid, "cpuset", "cpuset.cpus", "cpuset.cpus"),
    pids: cgroupValue(pid, "pids", "pids.max", "pids.max"),
  });

  const bandwidth = (quota: number, period: number) =>
    isUnified
      ? { quota: `${quota} ${period}`, period: `${quota} ${period}` }
      : { quota: String(quota), period: String(period) };

  for (const name of hasDocker ? (["docker", "inro"] as const) : (["inro"] as const))
    test(`every limit, by ${name}, in the files of its cgroups and in inspect`, async () => {
      const client = clientOf(name);
      const pid = await run("--name", `all-${name}`, "busybox", "sleep", "600");
      const before = files(pid);
      expect(before).toMatchObject(
        isUnified
          ? { quota: "max 100000", shares: "100", pids: "max" }
          : { quota: "-1", shares: "1024", pids: "max" },
      );
      const limits = ["--memory=64m", "--memory-swap=96m", "--memory-reservation=32m", "--pids-limit=50"];
      const cpu = [
        "--cpu-quota=50000",
        "--cpu-period=200000",
        "--cpu-shares=512",
        "--cpuset-cpus=0",
        "--cpuset-mems=0",
      ];
      expect(await client("update", ...limits, ...cpu, "--restart=on-failure:3", `all-${name}`)).toBe(
        `all-${name}`,
      );
      const after = files(pid);
      expect(after).toEqual({
        memory: String(64 * MIB),
        // cgroup-v2.rst counts swap apart.
        swap: String((isUnified ? 32 : 96) * MIB),
        reservation: String(32 * MIB),
        ...bandwidth(50_000, 200_000),
        shares: isUnified ? "59" : "512",
        cpus: "0",
        pids: "50",
      });
      expect(await asked(`all-${name}`, "RestartPolicy")).toEqual({
        Name: "on-failure",
        MaximumRetryCount: 3,
      });
      expect([await asked(`all-${name}`, "Memory"), await asked(`all-${name}`, "MemorySwap")]).toEqual([
        64 * MIB,
        96 * MIB,
      ]);
      expect([await asked(`all-${name}`, "CpuQuota"), await asked(`all-${name}`, "CpusetCpus")]).toEqual([
        50_000,
        "0",
      ]);
      // What is not said stays.
      await client("update", "--cpu-shares=256", `all-${name}`);
      const fewer = { ...after, shares: isUnified ? "35" : "256" };
      expect(files(pid)).toEqual(fewer);
      // Another way of saying it takes the place of the first.
      await client("update", "--cpus=0.25", `all-${name}`);
      const last = { ...fewer, ...bandwidth(25_000, 100_000) };
      expect(files(pid)).toEqual(last);
      expect([await asked(`all-${name}`, "NanoCpus"), await asked(`all-${name}`, "CpuQuota")]).toEqual([
        250_000_000, 0,
      ]);
      // It is born with the same again, and what was joined for it goes with it.
      await client("restart", "-t0", `all-${name}`);
      expect(files(await pidOf(`all-${name}`))).toEqual(last);
      await docker("rm", "-f", `all-${name}`);
    }, 30_000);

  test("a cgroup that was joined for an update goes with the container, also where its end was not seen", async () => {
    const folders = async () =>
      (await it.host.run("sh", ["-c", "ls -d /sys/fs/cgroup/*/*/* /sys/fs/cgroup/*/*"])).stdout.split("\n");
    const id = await docker("run", "-d", "--network=none", "--name", "joined", "busybox", "sleep", "600");
    await docker("update", "--cpuset-cpus=0", "joined");
    expect((await folders()).some((path) => path.includes(id))).toBe(true);
    expect(await docker("exec", "joined", "cat", "/proc/self/cgroup")).not.toContain("cpuset:/\n");
    await docker("stop", "-t0", "joined");
    expect((await folders()).filter((path) => path.includes(id))).toEqual([]);
    await docker("start", "joined");
    const second = await docker("run", "-d", "--network=none", "--name", "unseen", "busybox", "sleep", "600");
    await docker("update", "--cpuset-cpus=0", "unseen");
    const pid = await pidOf("unseen");
    await it.engine.kill();
    process.kill(pid, "SIGKILL");
    await it.engine.serve();
    expect((await folders()).filter((path) => path.includes(second))).toEqual([]);
    await docker("rm", "-f", "joined", "unseen");
  }, 30_000);

  test("all or nothing: where one value is refused, nothing is changed and nothing recorded", async () => {
    const pid = await run(
      "--name",
      "full",
      "-m",
      "128m",
      "busybox",
      "sh",
      "-c",
      "yes | head -c 20000000 > /dev/shm/x; sleep 600",
    );
    const used = () => Number(cgroupValue(pid, "memory", "memory.usage_in_bytes", "memory.current"));
    while (used() < 20_000_000) await Bun.sleep(20);
    const before = files(pid);
    const words = ["--cpu-shares=77", "--pids-limit=33", "--cpuset-cpus=99"];
    const refused = await it.engine[hasDocker ? "docker" : "inro"]("update", ...words, "full");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("Requested CPUs are not available");
    expect(files(pid)).toMatchObject({ shares: before.shares, pids: before.pids, memory: before.memory });
    expect([
      await asked("full", "CpuShares"),
      // docker asks for 0, inro for nothing.
      (await asked("full", "PidsLimit")) ?? 0,
      await asked("full", "CpusetCpus"),
    ]).toEqual([0, 0, ""]);
    if (!isUnified) {
      // v1 refuses what is in use already.
      const small = await it.engine[hasDocker ? "docker" : "inro"](
        "update",
        "--memory=10m",
        "--memory-swap=10m",
        "--cpu-shares=77",
        "full",
      );
      expect(small.stderr).toContain("cannot set memory.limit_in_bytes");
      expect(files(pid)).toEqual({ ...before, cpus: files(pid).cpus });
    }
    await docker("rm", "-f", "full");
  }, 30_000);

  test("limits are taken away again", async () => {
    const flags = ["-m", "64m", "--cpus", "0.5", "--pids-limit", "20"];
    const pid = await run("--name", "freed", ...flags, "busybox", "sleep", "600");
    const inro = clientOf("inro");
    await inro("update", "--memory", "-1", "--cpus", "0", "--pids-limit", "-1", "freed");
    const freed = files(pid);
    expect(freed.pids).toBe("max");
    expect(freed.quota).toMatch(/^-1$|^max/);
    expect(Number(freed.memory) || Number.POSITIVE_INFINITY).toBeGreaterThan(2 ** 60);
    expect([
      await asked("freed", "Memory"),
      await asked("freed", "MemorySwap"),
      await asked("freed", "NanoCpus"),
    ]).toEqual([0, 0, 0]);
    await docker("rm", "-f", "freed");
  }, 30_000);

  test("more memory brings as much swap as by default, where none was asked for", async () => {
    const pid = await run("--name", "grown", "-m", "64m", "busybox", "sleep", "600");
    await docker("update", "-m", "200m", "grown");
    expect(cgroupValue(pid, "memory", "memory.limit_in_bytes", "memory.max")).toBe(String(200 * MIB));
    expect(await asked("grown", "MemorySwap")).toBe(400 * MIB);
    await docker("rm", "-f", "grown");
    await run("--name", "bound", "-m", "64m", "--memory-swap", "100m", "busybox", "sleep", "600");
    expect(
      (await it.engine[hasDocker ? "docker" : "inro"]("update", "-m", "200m", "bound")).stderr,
    ).toContain(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
    await docker("rm", "-f", "bound");
  }, 30_000);

  test("what a daemon that died in between has recorded is what holds", async () => {
    const pid = await run("--name", "between", "busybox", "sleep", "600");
    await docker("update", "--pids-limit=44", "between");
    await it.engine.kill();
    const path = (await Bun.$`grep -o 'pids:.*' /proc/${pid}/cgroup`.nothrow().text())
      .trim()
      .replace(/^pids:/, "");
    const file = isUnified ? `/sys/fs/cgroup${path}/pids.max` : `/sys/fs/cgroup/pids${path}/pids.max`;
    if (!isUnified) await Bun.write(file, "max");
    await it.engine.serve();
    expect(cgroupValue(pid, "pids", "pids.max", "pids.max")).toBe("44");
    await docker("rm", "-f", "between");
  }, 30_000);

  test("the restart policy of what is stopped, running, or goes with its end; what cannot be changed is told", async () => {
    await docker("create", "--name", "rests", "--restart=always", "busybox", "true");
    await docker("update", "--restart=no", "rests");
    await docker("start", "rests");
    expect(await docker("wait", "rests")).toBe("0");
    expect(await docker("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", "rests")).toBe("exited 0");
    await docker("run", "-d", "--rm", "--network=none", "--name", "fleeting", "busybox", "sleep", "600");
    expect(
      (await it.engine[hasDocker ? "docker" : "inro"]("update", "--restart=always", "fleeting")).stderr,
    ).toContain("Restart policy cannot be updated because AutoRemove is enabled for the container");
    const told = await it.engine[hasDocker ? "docker" : "inro"](
      "update",
      "--cpu-rt-runtime=1000",
      "fleeting",
    );
    expect(`${told.stdout}${told.stderr}`).toContain("CpuRealtimeRuntime cannot be changed");
    expect((await it.engine.inro("update", "fleeting")).stderr).toContain(
      "you must provide one or more flags",
    );
    const heard = await docker(
      "events",
      "--since=0",
      "--until",
      String(Date.now() / 1000),
      "--filter=event=update",
      "--filter=container=rests",
      '--format={{.Action}} {{index .Actor.Attributes "name"}}',
    );
    expect(heard).toBe("update rests");
    await docker("rm", "-f", "rests", "fleeting");
  }, 30_000);
});
