/** The files that a build is given: always a folder, its user's own or one that was filled for the build. */
import { randomBytes } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readInLayers } from "../../engine/files/layers.ts";
import { decompressed } from "../../image/layer-stream.ts";
import type { Tree, TreeRoot } from "../../image/tree/tree.ts";
import { InroError } from "../../oci/error.ts";
import type { ContextRequest } from "../request.ts";

export interface Context {
  readonly root: Extract<TreeRoot, { kind: "folder" }>;
  /** For errors: `the build context`. */
  readonly title: string;
  /** Nobody else writes to it. */
  readonly isOurs: boolean;
  /** A file's text; undefined where there is none. */
  read(path: string): string | undefined;
}

export interface ContextParts {
  readonly trees: Tree;
  /** Of this build alone; removed after it. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Far more than any Dockerfile. */
const MOST_TEXT = 16 * 1024 * 1024;

/** CONTEXT_INVALID, ARCHIVE_REFUSED, NO_SPACE. */
export async function openContext(
  request: Exclude<ContextRequest, { kind: "image" }>,
  title: string,
  parts: ContextParts,
): Promise<Context> {
  switch (request.kind) {
    case "folder":
      if (statSync(request.path, { throwIfNoEntry: false })?.isDirectory() !== true)
        throw invalid(title, `${request.path} is no folder of this host`);
      return contextIn(request.path, title, false);
    case "none":
      return contextIn(emptyFolder(parts), title, true);
    case "stream": {
      const path = emptyFolder(parts);
      await parts.trees.apply({ kind: "folder", path }, "/", decompressed(request.bytes));
      return contextIn(path, title, true);
    }
    case "url":
      throw invalid(title, `${request.url} cannot be fetched`);
  }
}

function emptyFolder({ folder }: ContextParts): string {
  const path = join(folder, `context-${randomBytes(4).toString("hex")}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

const contextIn = (path: string, title: string, isOurs: boolean): Context => ({
  ...{ root: { kind: "folder", path }, title, isOurs },
  read: (name) => readInLayers([path], name, MOST_TEXT),
});

const invalid = (title: string, why: string) =>
  new InroError("CONTEXT_INVALID", { what: `cannot use ${title}`, why });
