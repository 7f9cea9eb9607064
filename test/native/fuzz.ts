import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const native = join(root, "native");

/** The decoders under the sanitizers (native/fuzz/fuzz.c), built when a source is newer. */
export function fuzzProgram(): string {
  const output = join(root, "build/native/inro-fuzz");
  const sources = ["fuzz/fuzz.c", "wire.c", "plan.c"].map((name) => join(native, name));
  const newest = Math.max(
    ...readdirSync(native, { recursive: true, encoding: "utf8" }).map(
      (name) => statSync(join(native, name)).mtimeMs,
    ),
  );
  const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > newest) return output;
  mkdirSync(join(root, "build/native"), { recursive: true });
  const fresh = `${output}.${process.pid}`;
  const flags = "-std=gnu11 -O1 -g -Wall -Wextra -Werror -DINRO_SANITIZE -fsanitize=address,undefined".split(
    " ",
  );
  const result = spawnSync(
    process.env["CC"] ?? "cc",
    [...flags, "-fno-sanitize-recover=all", "-I", native, "-o", fresh, ...sources],
    { encoding: "utf8" },
  );
  if (result.status !== 0) throw new Error(`cannot build the fuzzer: ${result.stderr}`);
  renameSync(fresh, output);
  return output;
}
