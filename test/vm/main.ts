/**
 * `npm run test:vm`: this checkout's executable on Debian's 6.1 kernel and on cgroup v2 alone, in a virtual machine
 * without KVM. `npm run test:vm -- test/attack` runs those tests there instead, and with `--v1` before them on cgroup v1
 * alone; `-- quota` is the part about quotas alone. Prints what each check said and, last, `N passed, N failed, N skipped`.
 */
import { fetchTools } from "../support/tools.ts";
import type { Work } from "./disk.ts";
import { runMachine } from "./machine.ts";

const missing = fetchTools(["busybox", "qemu", "debian-kernel", "mkfs.xfs"]);
for (const [name, why] of missing) console.error(`${name} cannot be had: ${why}`);

const workOf = (tests: readonly string[]): Work =>
  tests.join() === "quota" ? "quota" : tests.length > 0 ? { tests } : "checks";
const words = process.argv.slice(2);
const tests = words.filter((word) => word !== "--v1");
const began = performance.now();
const tell = (line: string): void => {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${seconds.padStart(6)} s  ${line}`);
};
const { passed, failed, skipped, log } =
  missing.size > 0
    ? { passed: 0, failed: 0, skipped: 1, log: "" }
    : await runMachine(workOf(tests), words.includes("--v1") ? "v1" : "v2", tell);
if (failed > 0) console.error(log);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 ? 1 : 0);
