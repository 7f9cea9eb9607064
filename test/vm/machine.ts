import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { temporaryFolder } from "../support/temporary.ts";
import { tool } from "../support/tools.ts";
import { type Boot, makeBoot, type Work } from "./disk.ts";

/** An emulated processor takes minutes for all tests; a hang is told as one. */
const LIMIT_MS = Number(process.env["INRO_VM_SECONDS"] ?? 900) * 1000;

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The kernel's log. */
  readonly log: string;
}

/** Lines of the checks and of `bun test`. */
const kinds: readonly [RegExp, Exclude<keyof Outcome, "log">][] = [
  [/^(ok|\(pass\)) /, "passed"],
  [/^(not ok|\(fail\)) /, "failed"],
  [/^\(skip\) /, "skipped"],
];

/**
 * Boots a virtual machine without KVM, with cgroup v2 or v1 alone, and does the work in it.
 * @param tell is given each line as it comes
 */
export async function runMachine(
  work: Work,
  cgroups: "v1" | "v2",
  tell: (line: string) => void,
): Promise<Outcome> {
  using folder = temporaryFolder("vm");
  const log = join(folder.path, "console.log");
  const machine = startMachine(makeBoot(folder.path, work), log, cgroups);
  const stop = () => machine.kill("SIGKILL");
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const timer = setTimeout(stop, LIMIT_MS);
  try {
    const count = await watch(machine, tell);
    return { ...count, log: readFileSync(log, "utf8") };
  } finally {
    clearTimeout(timer);
    process.removeListener("SIGINT", stop).removeListener("SIGTERM", stop);
    stop();
  }
}

/** The first serial port is the kernel's log, the second carries the checks' lines. */
function startMachine(boot: Boot, log: string, cgroups: "v1" | "v2"): ChildProcess {
  const words = [
    ...["-machine", "pc,accel=tcg", "-cpu", "max", "-smp", "2", "-m", "1024", "-nodefaults", "-no-reboot"],
    ...["-display", "none", "-kernel", boot.kernel, "-initrd", boot.initramfs],
    ...["-append", `console=ttyS0 quiet panic=-1 ${cgroups === "v2" ? "cgroup_no_v1=all" : ""}`],
    ...["-drive", `file=${boot.disk},format=raw,if=virtio,cache=unsafe`],
    ...["-serial", `file:${log}`, "-serial", "stdio"],
  ];
  return spawn(tool("qemu") ?? "qemu-system-x86_64", words, { stdio: ["ignore", "pipe", "inherit"] });
}

async function watch(machine: ChildProcess, tell: (line: string) => void): Promise<Omit<Outcome, "log">> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  let exitCode: string | undefined;
  let summary = false;
  if (machine.stdout === null) throw new Error("the machine has no serial port");
  for await (const line of createInterface({ input: machine.stdout })) {
    const text = line.trimEnd();
    // bun test ends with the failed and skipped ones once more.
    summary ||= /^\d+ tests (failed|skipped):$/.test(text);
    const kind = summary ? undefined : kinds.find(([pattern]) => pattern.test(text))?.[1];
    if (kind !== undefined) count[kind]++;
    exitCode ??= /^end (\d+)$/.exec(text)?.[1];
    if (text !== "") tell(text);
  }
  if (exitCode === undefined) tell("not ok: the machine ended before the last check");
  // A test file that could not be read is no failed test, but makes an exit code.
  if (count.failed === 0 && exitCode !== "0") count.failed = 1;
  return count;
}
