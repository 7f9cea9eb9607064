import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { sealedProgram } from "../../src/platform/memfd.ts";

const root = join(import.meta.dir, "../..");
const native = join(root, "native");
const build = join(root, "build/native");

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw error ?? new Error(`${command}: ${stderr}`);
}

let sealed: string | undefined;

/** The native program of this checkout, built when a source is newer, sealed in memory. */
export function nativeProgram(): string {
  if (sealed === undefined) {
    run(process.execPath, [join(root, "scripts/build.ts"), "native"]);
    sealed = sealedProgram("inro-native", readFileSync(join(build, "inro-native")));
  }
  if (sealed === undefined) throw new Error("the kernel refuses memory files");
  return sealed;
}

/** The path of test/native/probe.c's program, which needs nothing of its root file system. */
export function probeProgram(): string {
  const output = join(build, "inro-probe");
  const sources = [join(import.meta.dir, "probe.c"), join(native, "start.c"), join(native, "mem.c")];
  const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (sources.every((source) => statSync(source).mtimeMs < built)) return output;
  mkdirSync(build, { recursive: true });
  const fresh = `${output}.${process.pid}`;
  const flags = "-std=gnu11 -Os -static -nostdlib -ffreestanding -fno-stack-protector".split(" ");
  run(process.env["CC"] ?? "cc", [
    ...flags,
    "-fno-tree-loop-distribute-patterns",
    "-I",
    native,
    "-o",
    fresh,
    ...sources,
  ]);
  renameSync(fresh, output);
  return output;
}
