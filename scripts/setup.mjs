// First-use set-up of a checkout: dependencies from npm (Bun among them), the native program by the C compiler, the
// executable by Bun. Plain Node without dependencies. What is there already is left alone; a second call at the same
// time waits for the first.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const lock = join(root, "build/setup.pid");

const isOlder = (file, than) => !existsSync(file) || statSync(file).mtimeMs < statSync(than).mtimeMs;

function holderIsAlive() {
  const pid = Number(readFileSync(lock, "utf8"));
  return Number.isInteger(pid) && pid > 0 && existsSync(`/proc/${pid}`);
}

function acquire() {
  mkdirSync(join(root, "build"), { recursive: true });
  for (let said = false; ; said = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (!holderIsAlive()) rmSync(lock, { force: true });
    else if (!said) console.error("inro: another set-up of this checkout is running; waiting for it");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function step(what, command, args) {
  const began = Date.now();
  process.stderr.write(`inro: ${what} … `);
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  if (result.status === 0) return process.stderr.write(`${seconds} s\n`);
  process.stderr.write(`failed after ${seconds} s\n`);
  const why = result.error?.message ?? `${result.stdout}${result.stderr}`.trim();
  console.error(`inro: set-up failed: ${command} ${args.join(" ")}: ${why}`);
  console.error("inro: it needs Node and npm, a C compiler (cc), and npm's registry within reach");
  rmSync(lock, { force: true });
  return process.exit(1);
}

acquire();
try {
  if (isOlder(join(root, "node_modules/.package-lock.json"), join(root, "package-lock.json")))
    step("installing dependencies", "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
  if (isOlder(join(root, "build/stamp"), join(root, "package-lock.json")))
    step("building", join(root, "scripts/bun"), ["scripts/build.ts"]);
} finally {
  rmSync(lock, { force: true });
}
