import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { tool, toolRoot } from "../support/tools.ts";

const native = join(import.meta.dir, "../../native");
const flags = "-std=gnu11 -Os -static -nostdlib -ffreestanding -fno-stack-protector";

function compiled(compiler: string, folder: string): string {
  const output = join(folder, "sha256");
  const sources = [
    join(import.meta.dir, "sha256.c"),
    ...["start.c", "mem.c", "sha256.c"].map((name) => join(native, name)),
  ];
  const words = [...flags.split(" "), "-fno-tree-loop-distribute-patterns", "-I", native, "-o", output];
  const { status, stderr } = spawnSync(compiler, [...words, ...sources], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return output;
}

const foreign = tool("aarch64-gcc");
const emulator = tool("qemu-aarch64") && join(toolRoot("qemu-aarch64") ?? "", "usr/bin/qemu-aarch64-static");

describe.each([
  ["this machine", process.env["CC"] ?? "cc", []],
  ["aarch64", foreign, emulator === undefined ? undefined : [emulator]],
] as const)("SHA-256 on %s", (_, compiler, before) => {
  test.skipIf(compiler === undefined || before === undefined)(
    "is that of others, with the processor's own instructions and without them, for every length about a block's",
    () => {
      using folder = temporaryFolder("sha256");
      const [program = "", ...words] = [...(before ?? []), compiled(compiler ?? "", folder.path)];
      for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 8191, 100_000, 3_000_001]) {
        const input = randomBytes(size);
        const expected = createHash("sha256").update(input).digest("hex");
        for (const mayBeFast of ["0", "1"]) {
          const { stdout } = spawnSync(program, [...words, mayBeFast], { input, encoding: "utf8" });
          expect({ size, mayBeFast, digest: stdout }).toEqual({ size, mayBeFast, digest: expected });
        }
      }
    },
    60_000,
  );
});
