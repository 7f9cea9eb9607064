import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadFile } from "../../../src/compose/file/load.ts";
import { projectOf } from "../../../src/compose/model/of.ts";
import type { Project } from "../../../src/compose/model/project.ts";
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

export function projectFrom(
  { file, env }: Pick<Written, "file" | "env">,
  profiles: readonly string[] = [],
  chosen: readonly string[] = [],
): Project {
  const loaded = loadFile({
    files: [file],
    projectDirectory: PROJECT,
    ...(env["NAME"] === undefined ? {} : { projectName: env["NAME"] }),
    envFiles: [],
    env,
    workingDir: join(file, ".."),
    profiles,
  });
  return projectOf(loaded, chosen);
}

export function projectOfText(
  compose: string,
  profiles: readonly string[] = [],
  chosen: readonly string[] = [],
): Project {
  using files = written({ compose });
  return projectFrom(files, profiles, chosen);
}
