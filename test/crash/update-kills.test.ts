import { describe } from "bun:test";
import { globSync, readFileSync } from "node:fs";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { crash, killedAtRandom, soon } from "./killing.ts";

interface Told {
  readonly HostConfig: {
    readonly PidsLimit: number | null;
    readonly CpuShares: number;
    readonly Memory: number;
    readonly CpusetCpus: string;
  };
}

const MIB = 1024 * 1024;
/** v2 has weights instead of shares, on another scale: those two that are asked for here. */
const weights: Readonly<Record<string, number>> = { 59: 512, 174: 2048 };

describe.skipIf(rootMissing || busyboxMissing)("limits that are changed and the daemon's end", () => {
  const c = crash();
  const update = (change: object) => c.d.ask("POST", `/containers/${c.container}/update`, change);

  /** A file of the container's cgroups, by whichever of its names there is. */
  const value = (...names: string[]): string | undefined => {
    const [file] = names.flatMap((name) => globSync(`/sys/fs/cgroup/{,*/}inro-*/${c.container}/${name}`));
    return file === undefined ? undefined : readFileSync(file, "utf8").trim();
  };
  const found = async () => {
    const shares = Number(value("cpu.shares", "cpu.weight"));
    return {
      pids: value("pids.max"),
      memory: Number(value("memory.limit_in_bytes", "memory.max")),
      shares: weights[shares] ?? shares,
      cpus: value("cpuset.cpus") ?? "",
    };
  };
  const agreed = async () => {
    const { HostConfig } = (await c.d.inspect(c.container)) as unknown as Told;
    const { PidsLimit, Memory, CpuShares, CpusetCpus } = HostConfig;
    await soon(found, { pids: String(PidsLimit), memory: Memory, shares: CpuShares, cpus: CpusetCpus });
    return `${PidsLimit} processes, ${Memory / MIB} MiB, ${CpuShares} shares, processor ${CpusetCpus}`;
  };

  const few = { PidsLimit: 40, Memory: 64 * MIB, CpuShares: 512, CpusetCpus: "0" };
  const many = { PidsLimit: 400, Memory: 256 * MIB, CpuShares: 2048, CpusetCpus: "0-1" };
  const comeAndGo = async () => {
    for (let more = 0; more < 8; more++) await update(more % 2 === 0 ? many : few);
  };
  const tidy = async () => {
    await update(few);
  };
  const rest = "40 processes, 64 MiB, 512 shares, processor 0";
  killedAtRandom(c, { kills: 12, comeAndGo, agreed, tidy, rest });
});
