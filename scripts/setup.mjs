// First-use set-up of a checkout: dependencies from npm (Bun among them), the native program by the C compiler, the
// executable by Bun. Plain Node without dependencies. What is there already is left alone; a second call at the same
// time waits for the first.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const lock = join(root, "build/setup.pid");
const stamp = join(root, "build/stamp");

const mayWrite = "the first use, and the one after a pull, has to be by a user who may write in the checkout";

function refuse(why, hint) {
  console.error(`inro: cannot set itself up: ${why} (${hint})`);
  process.exit(1);
}

function checkMachine() {
  const { platform, arch } = process;
  if (platform !== "linux" || !["x64", "arm64"].includes(arch))
    refuse(`this is ${platform} on ${arch}`, "it needs Linux on x86_64 or aarch64");
  if (Number(process.versions.node.split(".")[0]) < 20)
    refuse(`this is Node ${process.versions.node}`, "it needs Node 20 or newer");
  const folders = (process.env.PATH ?? "").split(delimiter);
  const has = (program) => folders.some((folder) => existsSync(join(folder, program)));
  const needed = { npm: "npm", [process.env.CC ?? "cc"]: "gcc" };
  const missing = Object.entries(needed).filter(([program]) => !program.includes("/") && !has(program));
  if (missing.length > 0)
    refuse(
      `${missing.map(([program]) => program).join(" and ")} not installed`,
      `on Debian: apt-get install -y ${missing.map(([, name]) => name).join(" ")}`,
    );
}

function makeBuildFolder() {
  try {
    mkdirSync(join(root, "build"), { recursive: true });
  } catch (error) {
    refuse(error.message, mayWrite);
  }
}

const isOlder = (file, than) =>
  !existsSync(file) || (existsSync(than) && statSync(file).mtimeMs <= statSync(than).mtimeMs);

/** False also when the holder went away between two looks. */
function holderIsAlive() {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    // Empty: its holder is just writing it.
    return pid === 0 || existsSync(`/proc/${pid}`);
  } catch {
    return false;
  }
}

function acquire() {
  for (let said = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") refuse(error.message, mayWrite);
    }
    if (!holderIsAlive()) rmSync(lock, { force: true });
    else if (!said) {
      console.error("inro: another first use of this checkout sets it up; waiting for it");
      said = true;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function step(what, command, args) {
  const began = Date.now();
  process.stderr.write(`inro: ${what} … `);
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  if (result.status === 0) {
    process.stderr.write(`${seconds} s\n`);
    return;
  }
  process.stderr.write(`failed after ${seconds} s\n`);
  const said = result.error?.message ?? `${result.stdout}${result.stderr}`.trim();
  console.error(said.split("\n").slice(0, 30).join("\n"));
  throw new Error(`${command} ${args.join(" ")} failed`);
}

checkMachine();
makeBuildFolder();
acquire();
try {
  const packages = join(root, "package-lock.json");
  if (isOlder(join(root, "node_modules/.package-lock.json"), packages))
    step("first use: installing dependencies from npm", "npm", [
      "ci",
      // Nothing that a package brings is run: none of ours needs it.
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      // What npm has already is not asked for again; without a network it says so after seconds, not minutes.
      "--prefer-offline",
      "--fetch-retries=2",
      "--fetch-retry-mintimeout=1000",
      "--fetch-retry-maxtimeout=3000",
    ]);
  if (isOlder(stamp, packages) || isOlder(stamp, join(root, ".git/logs/HEAD")))
    step(existsSync(stamp) ? "building what changed" : "building", join(root, "scripts/bun"), [
      "scripts/build.ts",
    ]);
} catch (error) {
  console.error(
    `inro: cannot set itself up: ${error.message} (see above; npm's registry has to be within reach)`,
  );
  process.exitCode = 1;
} finally {
  rmSync(lock, { force: true });
}
