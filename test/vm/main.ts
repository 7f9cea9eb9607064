/**
 * `npm run test:vm`: this checkout's executable on Debian's 6.1 kernel and on cgroup v2 alone, in a virtual machine
 * without KVM. `npm run test:vm -- test/attack` runs those tests there instead. Prints what each check said and, last, `N passed, N failed, N skipped`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { temporaryFolder } from "../support/temporary.ts";
import { fetchTools, tool } from "../support/tools.ts";
import { type Boot, makeBoot } from "./disk.ts";

/** An emulated processor takes about three minutes for all checks; a hang is told as one. */
const LIMIT_MS = Number(process.env["INRO_VM_SECONDS"] ?? 900) * 1000;

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Lines of checks.sh and of `bun test`. */
const kinds: readonly [RegExp, keyof Outcome][] = [
  [/^(ok|\(pass\)) /, "passed"],
  [/^(not ok|\(fail\)) /, "failed"],
  [/^\(skip\) /, "skipped"],
];

function finish({ passed, failed, skipped }: Outcome): never {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed > 0 ? 1 : 0);
}

/** The first serial port is the kernel's log, the second carries the checks' lines. */
function startMachine(qemu: string, boot: Boot, log: string): ChildProcess {
  const words = [
    ...["-machine", "pc,accel=tcg", "-cpu", "max", "-smp", "2", "-m", "1024", "-nodefaults", "-no-reboot"],
    ...["-display", "none", "-kernel", boot.kernel, "-initrd", boot.initramfs],
    ...["-append", "console=ttyS0 quiet panic=-1 cgroup_no_v1=all"],
    ...["-drive", `file=${boot.disk},format=raw,if=virtio,cache=unsafe`],
    ...["-serial", `file:${log}`, "-serial", "stdio"],
  ];
  return spawn(qemu, words, { stdio: ["ignore", "pipe", "inherit"] });
}

async function watch(machine: ChildProcess): Promise<Outcome> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  let exitCode: string | undefined;
  const timer = setTimeout(() => machine.kill("SIGKILL"), LIMIT_MS);
  const began = performance.now();
  if (machine.stdout === null) throw new Error("the machine has no serial port");
  let summary = false;
  for await (const line of createInterface({ input: machine.stdout })) {
    const text = line.trimEnd();
    // bun test ends with the failed and skipped ones once more.
    summary ||= /^\d+ tests (failed|skipped):$/.test(text);
    const kind = summary ? undefined : kinds.find(([pattern]) => pattern.test(text))?.[1];
    if (kind !== undefined) count[kind]++;
    exitCode ??= /^end (\d+)$/.exec(text)?.[1];
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    if (text !== "") console.log(`${seconds.padStart(6)} s  ${text}`);
  }
  clearTimeout(timer);
  if (exitCode === undefined) console.log("not ok: the machine ended before the last check");
  // A test file that could not be read is no failed test, but makes an exit code.
  if (count.failed === 0 && exitCode !== "0") count.failed = 1;
  return count;
}

const missing = fetchTools(["busybox", "qemu", "debian-kernel"]);
const qemu = tool("qemu");
if (missing.size > 0 || qemu === undefined) {
  for (const [name, why] of missing) console.error(`${name} cannot be had: ${why}`);
  finish({ passed: 0, failed: 0, skipped: 1 });
}
using folder = temporaryFolder("vm");
const log = join(folder.path, "console.log");
const machine = startMachine(qemu, makeBoot(folder.path, process.argv.slice(2)), log);
const stop = () => machine.kill("SIGKILL");
process.once("SIGINT", stop).once("SIGTERM", stop);
const outcome = await watch(machine);
if (outcome.failed > 0) console.error(readFileSync(log, "utf8"));
folder[Symbol.dispose]();
finish(outcome);
