import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Json, toJson } from "../../../src/compose/file/json.ts";
import { type LoadRequest, loadFile } from "../../../src/compose/file/load.ts";
import { tool } from "../../support/tools.ts";
import { requestOf } from "./case.ts";

const compose = tool("docker-compose-2") ?? "docker-compose-2";
const cases = join(import.meta.dir, "cases");
const all = readdirSync(cases).map((name) => ({
  name,
  folder: join(cases, name),
  ...requestOf(join(cases, name)),
}));
const same = all.filter(({ differs }) => differs === undefined);

/** What docker compose 2.26.1 makes of files. */
function config(
  request: LoadRequest,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
) {
  const plain = request.interpolate === false ? ["--no-interpolate"] : [];
  const { status, stdout, stderr } = spawnSync(compose, [...args, "config", "--format", "json", ...plain], {
    cwd: request.workingDir,
    encoding: "utf8",
    // It is known to work on some files for minutes.
    timeout: 30_000,
    env: { HOME: process.env["HOME"], PATH: process.env["PATH"], ...env },
  });
  return { status, stderr, document: status === 0 ? (JSON.parse(stdout) as Json) : undefined };
}

const each = (option: string, values: readonly string[]): string[] =>
  values.flatMap((value) => [option, value]);

const optionsOf = (request: LoadRequest): readonly string[] => [
  ...each("-f", request.files),
  ...each("--env-file", request.envFiles),
  ...each("--profile", request.profiles),
  ...each("--project-directory", request.projectDirectory === undefined ? [] : [request.projectDirectory]),
  ...each("-p", request.projectName === undefined ? [] : [request.projectName]),
];

/** As a Compose file in which nothing is to be replaced. */
const written = (root: Json, interpolate: boolean): string =>
  JSON.stringify(root, (_, value) =>
    typeof value === "string" && interpolate ? value.replaceAll("$", "$$$$") : value,
  );

const loads = same.filter(({ folder }) => existsSync(join(folder, "loaded.json")));
const refused = same.filter(({ folder }) => existsSync(join(folder, "error.txt")));

test.each(loads)("docker compose makes of our mapping of $name what it makes of the files", ({ request }) => {
  const loaded = loadFile(request);
  const folder = mkdtempSync(join(tmpdir(), "inro-compose-oracle-"));
  try {
    const path = join(folder, "merged.json");
    writeFileSync(path, written(toJson(loaded.root), request.interpolate !== false));
    const args = ["-f", path, "--project-directory", loaded.workingDir, "-p", loaded.name];
    const ours = config(request, [...args, ...each("--profile", loaded.profiles)], loaded.env);
    const theirs = config(request, optionsOf(request), request.env);
    expect(
      theirs.stderr
        .split("\n")
        .filter((line) => !line.includes("level=warning"))
        .join(""),
    ).toBe("");
    expect(ours).toMatchObject({ status: 0, document: theirs.document });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each(refused)("docker compose, too, refuses $name", ({ request }) => {
  expect(config(request, optionsOf(request), request.env).status).not.toBe(0);
});
