import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { composeNotFound } from "./error.ts";

/** 03-compose-file.md: the first that there is, in this order. */
const NAMES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

export interface Found {
  /** Absolute. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** The Compose file of the folder or of the nearest one above it, and what overrides it there. COMPOSE_NOT_FOUND. */
export function findFiles(from: string): Found {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const [file, ...others] = NAMES.map((name) => join(folder, name)).filter(isFile);
    if (file !== undefined) {
      const overrides = OVERRIDES.map((name) => join(folder, name)).filter(isFile);
      return {
        files: [file, ...overrides.slice(0, 1)],
        warnings: [...several(file, others), ...several(overrides[0] ?? "", overrides.slice(1))],
      };
    }
    if (folder === dirname(folder)) break;
  }
  throw composeNotFound(
    "cannot find a Compose file",
    `${resolve(from)} and the folders above it have none of ${NAMES.join(", ")}`,
    "go to the project's folder, or name a file by -f",
  );
}

const several = (taken: string, others: readonly string[]): string[] =>
  others.length === 0 ? [] : [`${taken} is taken, and not ${others.join(", ")}`];
