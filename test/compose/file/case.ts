import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ComposeError } from "../../../src/compose/file/error.ts";
import { toJson } from "../../../src/compose/file/json.ts";
import { type Loaded, type LoadRequest, loadFile } from "../../../src/compose/file/load.ts";
import { InroError } from "../../../src/oci/error.ts";

/** What a case's `request.json` may say. */
interface Said extends Partial<Omit<LoadRequest, "workingDir">> {
  /** Below the case's folder: where whoever calls is. */
  readonly in?: string;
  /** Why docker compose 2.26.1 says otherwise, where it does. */
  readonly differs?: string;
}

export function requestOf(folder: string): {
  readonly request: LoadRequest;
  readonly differs: string | undefined;
} {
  const path = join(folder, "request.json");
  const {
    in: below = ".",
    differs,
    ...said
  }: Said = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  const request = {
    files: [],
    envFiles: [],
    env: {},
    profiles: [],
    ...said,
    workingDir: join(folder, below),
  };
  return { request, differs };
}

/** What loading the case's files comes to, as its `loaded.json` or `error.txt` has it. */
export function outcomeOf(folder: string): {
  readonly name: "loaded.json" | "error.txt";
  readonly text: string;
} {
  const plain = (text: string) => text.replaceAll(folder, "<folder>");
  try {
    const loaded = loadFile(requestOf(folder).request);
    return { name: "loaded.json", text: plain(`${JSON.stringify(shown(loaded, folder), null, 2)}\n`) };
  } catch (error) {
    if (!(error instanceof InroError)) throw error;
    const snippet = error instanceof ComposeError && error.snippet !== undefined ? `${error.snippet}\n` : "";
    return { name: "error.txt", text: plain(`${error.code}\n${error.message}\n${snippet}`) };
  }
}

function shown({ root, name, workingDir, files, profiles, warnings }: Loaded, folder: string) {
  const some = <Value>(key: string, values: readonly Value[]) =>
    values.length === 0 ? {} : { [key]: values };
  return {
    name,
    ...(workingDir === folder ? {} : { workingDir: relative(folder, workingDir) }),
    files: files.map((file) => relative(folder, file)),
    ...some("profiles", profiles),
    ...some("warnings", warnings),
    root: toJson(root),
  };
}
