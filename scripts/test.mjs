// `npm test [-- FILTER …]`: sets itself up, fetches the tools that tests run against, runs everything and prints
// `N passed, N failed, N skipped` as the last line. Plain Node, since node_modules may not exist yet.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bun = join(root, "scripts/bun");

function run(command, args) {
  return spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] }).status ?? 1;
}

function required(command, args) {
  const status = run(command, args);
  if (status !== 0) {
    console.error(`set-up failed: ${command} ${args.join(" ")} (exit code ${status})`);
    console.log("0 passed, 1 failed, 0 skipped");
    process.exit(1);
  }
}

/** Counts from the JUnit file's root element, the one report of bun test that is meant for machines. */
function counts(report) {
  const head = /<testsuites\b[^>]*>/.exec(readFileSync(report, "utf8"))?.[0] ?? "";
  const number = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const [failed, skipped] = [number("failures"), number("skipped")];
  return { passed: number("tests") - failed - skipped, failed, skipped };
}

required("node", ["scripts/setup.mjs"]);
required(bun, ["scripts/build.ts"]);
required(bun, ["scripts/build.ts", "sanitized"]);
if (process.getuid() === 0) required(bun, ["test/support/prepare.ts"]);
else console.error("not root: tests that make containers will be reported as skipped");

const scratch = mkdtempSync(join(tmpdir(), "inro-test-report-"));
const report = join(scratch, "junit.xml");
try {
  const status = run(bun, [
    "test",
    "--parallel=2",
    "--timeout=60000",
    "--only-failures",
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...process.argv.slice(2),
  ]);
  const { passed, failed, skipped } = counts(report);
  console.log(`${passed} passed, ${status !== 0 && failed === 0 ? 1 : failed} failed, ${skipped} skipped`);
  process.exitCode = status === 0 && passed > 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
