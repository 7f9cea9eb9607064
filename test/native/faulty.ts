import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ACTS, type Act } from "../../src/kernel/plan/act.ts";
import { type Kind, operations } from "../../src/kernel/plan/operations.ts";

const root = join(import.meta.dir, "../..");
const native = join(root, "native");
const build = join(root, "build/native");

/** Where a fault can be, besides the acts of a plan (test/native/faulty.c). */
const PLACES = [...ACTS, "batch", "gate", "monitor"] as const;

export interface Fault {
  /**
   * Of the process that is at the operation: `killed` before it, `killed after` it; `orphaned`: the executor is killed
   * while its child is at it; `refused`: the operation fails; `deserted`: who started the executor is killed while
   * somebody is at it; `deserted and orphaned`: both.
   */
  readonly how: keyof typeof HOW;
  readonly act: Act | "batch" | "gate" | "monitor";
  readonly index: number;
}

const HOW = {
  killed: "k",
  "killed after": "a",
  orphaned: "o",
  refused: "r",
  deserted: "c",
  "deserted and orphaned": "b",
} as const;

export interface Faulty {
  readonly path: string;
  /** Of everything that is started from now on. */
  set(fault: Fault | undefined): void;
}

/** The native program with a fault that can be chosen, in a folder of the test's own: whoever runs it is the test's. */
export function faultyProgram(folder: string): Faulty {
  const path = join(folder, "inro-faulty");
  copyFileSync(built(), path);
  return {
    path,
    set: (fault) => {
      if (fault === undefined) return rmSync(`${path}.fault`, { force: true });
      writeFileSync(`${path}.fault`, `${HOW[fault.how]}${PLACES.indexOf(fault.act)}${fault.index}`);
    },
  };
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function built(): string {
  const output = join(build, "inro-native-faulty");
  const sources = [
    join(import.meta.dir, "faulty.c"),
    ...readdirSync(native)
      .filter((name) => name.endsWith(".c"))
      .map((name) => join(native, name)),
  ];
  const inputs = [...sources, ...headers(native), ...headers(join(native, "generated"))];
  const since = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (inputs.every((input) => statSync(input).mtimeMs < since)) return output;
  mkdirSync(build, { recursive: true });
  const fresh = `${output}.${process.pid}`;
  const wrapped = [
    ...(Object.keys(operations) as Kind[]).map((kind) => `op_${snake(kind)}`),
    "sync_send",
    "monitor_run",
  ];
  const flags =
    "-std=gnu11 -Wall -Wextra -Werror -Os -static -nostdlib -ffreestanding -fno-stack-protector".split(" ");
  const { status, stderr } = spawnSync(
    process.env["CC"] ?? "cc",
    [
      ...flags,
      "-fno-tree-loop-distribute-patterns",
      ...wrapped.map((name) => `-Wl,--wrap=${name}`),
      ...["-I", native, "-o", fresh],
      ...sources,
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr);
  renameSync(fresh, output);
  return output;
}

const headers = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".h"))
    .map((name) => join(folder, name));
