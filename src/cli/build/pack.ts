/** A build's context as a tar, for an engine that cannot read it where it lies. */
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Pack, pack } from "tar-stream";
import { ignoreOf, parseIgnore } from "../../build/dockerfile/ignore.ts";
import { addEntry } from "../copy/entry.ts";
import { type DockerfileOf, inlineOf } from "./context.ts";

export interface PackedContext {
  /** Null: no files but the Dockerfile. */
  readonly folder: string | null;
  readonly dockerfile: DockerfileOf;
}

const IGNORE = ".dockerignore";
const ROOT = { uid: 0, gid: 0 };

/** The name of a Dockerfile in the tar that is none of the context's files. */
export const inlineName = (pid = process.pid): string => `.dockerfile.${pid}`;

/**
 * Everything belongs to root, as it does in what is copied out of a context. What is ignored stays out, but for the
 * Dockerfile and the rules themselves, by which the engine leaves those out again. DOCKERIGNORE_INVALID.
 */
export function packContext(context: PackedContext): AsyncIterable<Uint8Array> {
  const tar = pack();
  const { folder, dockerfile } = context;
  const inline = inlineOf(dockerfile);
  const rules = folder === null ? null : rulesOf(folder, dockerfile);
  const ignore = rules === null ? null : ignoreOf(parseIgnore(rules.text, rules.name));
  const kept = new Set([IGNORE, ...(typeof dockerfile === "string" ? [dockerfile] : [])]);
  const isOut = (path: string) => ignore?.excludedBy(path) !== undefined && !kept.has(path);
  const work = async () => {
    if (folder !== null) {
      const told = rulesToSend(rules, inline !== null);
      if (told !== null) kept.delete(IGNORE);
      const isLeft = (path: string) => (told !== null && path === IGNORE) || isOut(path);
      const mayHold = (path: string) =>
        ignore?.mayHoldIncluded(path) || [...kept].some((each) => each.startsWith(`${path}/`));
      await addFolder(tar, folder, "", { isLeft, mayHold });
      if (told !== null) await addText(tar, IGNORE, told);
    }
    if (inline !== null) await addText(tar, inlineName(), inline.text);
    tar.finalize();
  };
  work().catch((error: Error) => tar.destroy(error));
  return tar as AsyncIterable<Uint8Array>;
}

interface Rules {
  readonly name: string;
  readonly text: string;
}

/** The Dockerfile's own rules, or the context's. */
function rulesOf(folder: string, dockerfile: DockerfileOf): Rules | null {
  const inline = inlineOf(dockerfile);
  if (inline !== null && inline.ignore !== null)
    return { name: `${inline.name}.dockerignore`, text: inline.ignore };
  const own = typeof dockerfile === "string" ? [`${dockerfile}.dockerignore`] : [];
  const name = [...own, IGNORE].find((each) => existsSync(join(folder, each)));
  return name === undefined ? null : { name, text: readFileSync(join(folder, name), "utf8") };
}

/** Another .dockerignore than the context's, where that is not what counts; a Dockerfile of ours is none of its files. */
function rulesToSend(rules: Rules | null, isInline: boolean): string | null {
  if (!isInline && (rules === null || rules.name === IGNORE)) return null;
  const ours = isInline ? [inlineName(), ...(rules?.name === IGNORE ? [] : [IGNORE])] : [];
  return `${[rules?.text ?? "", ...ours].join("\n")}\n`;
}

interface Leaving {
  readonly isLeft: (path: string) => boolean;
  readonly mayHold: (folder: string) => boolean;
}

async function addFolder(tar: Pack, root: string, folder: string, leaving: Leaving): Promise<void> {
  for (const child of readdirSync(join(root, folder)).sort()) {
    const name = folder === "" ? child : `${folder}/${child}`;
    const stat = lstatSync(join(root, name), { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const isLeft = leaving.isLeft(name);
    if (!isLeft && !stat.isFIFO()) await addEntry(tar, join(root, name), name, stat, ROOT);
    if (stat.isDirectory() && (!isLeft || leaving.mayHold(name))) await addFolder(tar, root, name, leaving);
  }
}

const addText = (tar: Pack, name: string, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    tar.entry({ name, mode: 0o600, ...ROOT }, text, (error) => (error ? reject(error) : resolve()));
  });
