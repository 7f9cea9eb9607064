// `npm run check`: every gate but the tests, each named; all run, so that one look shows all that is wrong.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const gates = [
  ["set-up", "node", ["scripts/setup.mjs"]],
  ["types", "node_modules/.bin/tsc", ["-p", "."]],
  ["lint and format", "node_modules/.bin/biome", ["check", "--error-on-warnings", "."]],
  ["layers", "scripts/bun", ["scripts/lint-layers.ts"]],
  ["dead code", "node_modules/.bin/knip", []],
  ["generated wire", "scripts/bun", ["scripts/generate-wire.ts", "--check"]],
  ["C, warnings are errors", "scripts/bun", ["scripts/build.ts", "native"]],
  ["C, sanitizers", "scripts/bun", ["scripts/build.ts", "sanitized"]],
];
const failed = gates.filter(([name, command, args]) => {
  console.log(`── ${name}`);
  return spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] }).status !== 0;
});
console.log(failed.length === 0 ? "all gates passed" : `failed: ${failed.map(([name]) => name).join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
