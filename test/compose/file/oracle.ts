import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Json, toJson } from "../../../src/compose/file/json.ts";
import { type LoadRequest, loadFile } from "../../../src/compose/file/load.ts";
import { tool } from "../../support/tools.ts";

const compose = tool("docker-compose-2") ?? "docker-compose-2";

/** What `config` of docker compose 2.26.1 makes of files. */
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
  const complaints = stderr.split("\n").filter((line) => !line.includes("level=warning"));
  return {
    status,
    complaints: complaints.join("\n").trim(),
    document: status === 0 ? (JSON.parse(stdout) as Json) : undefined,
  };
}

const each = (option: string, values: readonly string[]): string[] =>
  values.flatMap((value) => [option, value]);

/** What it makes of the files of a request. */
export const theirs = (request: LoadRequest) =>
  config(
    request,
    [
      ...each("-f", request.files),
      ...each("--env-file", request.envFiles),
      ...each("--profile", request.profiles),
      ...each(
        "--project-directory",
        request.projectDirectory === undefined ? [] : [request.projectDirectory],
      ),
      ...each("-p", request.projectName === undefined ? [] : [request.projectName]),
    ],
    request.env,
  );

/** What it makes of the one mapping that we make of them. */
export function ofOurs(request: LoadRequest) {
  const loaded = loadFile(request);
  const folder = mkdtempSync(join(tmpdir(), "inro-compose-oracle-"));
  try {
    const path = join(folder, "merged.json");
    writeFileSync(path, written(toJson(loaded.root), request.interpolate !== false));
    const place = ["-f", path, "--project-directory", loaded.workingDir, "-p", loaded.name];
    return config(request, [...place, ...each("--profile", loaded.profiles)], loaded.env);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As a Compose file in which nothing is to be replaced once more. */
const written = (root: Json, replaced: boolean): string =>
  JSON.stringify(root, (_, value) =>
    typeof value === "string" && replaced ? value.replaceAll("$", "$$$$") : value,
  );
