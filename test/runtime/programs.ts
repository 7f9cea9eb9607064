/** Small C programs of the runtime's tests, built once for each change of their source; undefined without a compiler. */
import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

const BUILD = join(import.meta.dir, "../../build/test");

/** The path of `test/runtime/NAME.c`'s static program. */
export function testProgram(name: string): string | undefined {
  const source = join(import.meta.dir, `${name}.c`);
  const output = join(BUILD, name);
  const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > statSync(source).mtimeMs) return output;
  mkdirSync(BUILD, { recursive: true });
  const fresh = `${output}.${process.pid}`;
  const { status } = spawnSync(process.env["CC"] ?? "cc", ["-Wall", "-Os", "-static", "-o", fresh, source]);
  if (status !== 0) return undefined;
  renameSync(fresh, output);
  return output;
}
