import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadFile } from "../../../src/compose/file/load.ts";
import { projectOf, type Reading } from "../../../src/compose/model/of.ts";
import type { Project } from "../../../src/compose/model/project.ts";
import { tool } from "../../support/tools.ts";
import type { Case } from "./cases.ts";

/** Where the project seems to be: its paths and hashes are the same everywhere. Nothing is there. */
export const PROJECT = "/srv/project";

export interface Written extends Disposable {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A case's files, in a folder that goes away. */
export function written({ compose, files = {}, env = {} }: Omit<Case, "name">): Written {
  const folder = mkdtempSync(join(tmpdir(), "inro-compose-model-"));
  for (const [name, text] of Object.entries({ ...files, "compose.yaml": compose }))
    writeFileSync(join(folder, name), text);
  return {
    file: join(folder, "compose.yaml"),
    env: { HOME: "/home/user", FILES: folder, ...env },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const oracle = tool("docker-compose-2");

export const hasOracle = oracle !== undefined;

/** What `docker compose … config …` says of the same files. */
export async function theirs(
  { file, env }: Written,
  profiles: readonly string[],
  args: readonly string[],
): Promise<{ readonly accepted: boolean; readonly text: string }> {
  const child = Bun.spawn(
    [
      oracle ?? "",
      ...["-f", file, "--project-directory", PROJECT],
      ...profiles.flatMap((profile) => ["--profile", profile]),
      ...["config", ...args],
    ],
    { env: { ...env, PATH: process.env["PATH"] }, stdout: "pipe", stderr: "pipe" },
  );
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const accepted = (await child.exited) === 0;
  return { accepted, text: accepted ? out : err };
}

export function projectFrom(
  { file, env }: Pick<Written, "file" | "env">,
  profiles: readonly string[] = [],
  chosen: readonly string[] = [],
  reading: Reading = {},
): Project {
  const loaded = loadFile({
    files: [file],
    projectDirectory: PROJECT,
    envFiles: [],
    env,
    workingDir: join(file, ".."),
    profiles,
  });
  return projectOf(loaded, chosen, reading);
}

export function projectOfText(
  compose: string,
  profiles: readonly string[] = [],
  chosen: readonly string[] = [],
): Project {
  using files = written({ compose });
  return projectFrom(files, profiles, chosen);
}
