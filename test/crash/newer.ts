import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MONITOR_VERSION } from "../../src/kernel/plan/frames.ts";
import { temporaryFolder } from "../support/temporary.ts";

const root = join(import.meta.dir, "../..");

/** The version of its monitors' wire. */
export const NEWER = MONITOR_VERSION + 1;

/** This checkout as it might be one day: other operations, monitors of another version, another schema of the records. */
export function newer(): Disposable & { readonly main: string } {
  const folder = temporaryFolder("newer");
  for (const name of ["src", "native", "scripts", "package.json", "package-lock.json"])
    cpSync(join(root, name), join(folder.path, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder.path, "node_modules"));
  const change = (file: string, from: string, to: string) => {
    const path = join(folder.path, file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    writeFileSync(path, text.replaceAll(from, to));
  };
  change("src/kernel/plan/frames.ts", `MONITOR_VERSION = ${MONITOR_VERSION}`, `MONITOR_VERSION = ${NEWER}`);
  change(
    "native/generated/frames.h",
    `WIRE_MONITOR_VERSION = ${MONITOR_VERSION}`,
    `WIRE_MONITOR_VERSION = ${NEWER}`,
  );
  // An operation of another name in the plans that it keeps.
  change("src/kernel/plan/operations.ts", "  umask: op(", "  creationMask: op(");
  change("src/kernel/plan/describe.ts", "  umask: {", "  creationMask: {");
  change("src/kernel/plan/after-seccomp.ts", "  umask: [", "  creationMask: [");
  change("src/runtime/compile/confine.ts", 'kind: "umask"', 'kind: "creationMask"');
  change(
    "src/engine/records.ts",
    "\n];\n\n/** Events",
    "\n  `ALTER TABLE volumes ADD COLUMN note TEXT;\n   ALTER TABLE volumes DROP COLUMN note;\n   UPDATE containers SET fortune = json_set(fortune, '$.note', 'newer')`,\n];\n\n/** Events",
  );
  const built = spawnSync(process.execPath, [join(folder.path, "scripts/build.ts"), "native"], {
    encoding: "utf8",
  });
  if (built.status !== 0) throw new Error(built.stderr);
  return { main: join(folder.path, "src/main.ts"), [Symbol.dispose]: () => folder[Symbol.dispose]() };
}
