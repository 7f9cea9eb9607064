/** What `npm test` needs from outside before the first test runs; says what it could not get, and goes on without. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { buildDebian } from "./debian.ts";
import { fetchTools, testTools } from "./tools.ts";

/** Programs that have to be on the system; each with the Debian package that brings it. */
const system = { gcc: "gcc", strace: "strace", python3: "python3", nsenter: "util-linux", ip: "iproute2" };

function missingPackages(): string[] {
  const folders = (process.env["PATH"] ?? "").split(":");
  return Object.entries(system)
    .filter(([program]) => !folders.some((folder) => existsSync(`${folder}/${program}`)))
    .map(([, packageName]) => packageName);
}

const missing = missingPackages();
if (missing.length > 0) {
  const line = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  console.error(`the tests need: ${line}`);
  if (existsSync("/etc/debian_version"))
    spawnSync("sh", ["-c", `apt-get update -qq; ${line}`], { stdio: "inherit" });
}
for (const [name, why] of fetchTools(testTools))
  console.error(`without ${name}, its tests are skipped: ${why}`);
const why = buildDebian();
if (why !== undefined) console.error(`without a Debian root, its tests are skipped: ${why}`);
