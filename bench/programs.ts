import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A program on PATH; undefined where it is not installed. */
export function programInPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(existsSync);
}

/** Where Debian's libraries lie below an unpacked root: `usr/lib/x86_64-linux-gnu`; empty when it has none. */
export function libraryFolders(root: string): string[] {
  const libraries = join(root, "usr/lib");
  if (!existsSync(libraries)) return [];
  return readdirSync(libraries)
    .filter((name) => name.endsWith("-linux-gnu"))
    .map((name) => join(libraries, name));
}

/**
 * Runs a command to its end and answers what it printed; rejects with its errors when it fails. Its end is that of its
 * output: a container that holds on to it is waited for.
 */
export function finish(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const [program = "", ...rest] = words;
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (data) => {
    said.out += String(data);
  });
  child.stderr.on("data", (data) => {
    said.err += String(data);
  });
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) =>
      code === 0 ? done(said.out) : failed(new Error(failure(words, code, said.err))),
    );
  });
}

/** Runs a command until it exits, whoever else holds its output. */
export async function exit(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const said = join(tmpdir(), `inro-bench-${process.pid}.err`);
  const errors = openSync(said, "w");
  const [program = "", ...rest] = words;
  const child = spawn(program, rest, {
    stdio: ["ignore", "ignore", errors],
    env: { ...process.env, ...environment },
  });
  const code = await new Promise((done, failed) => child.once("error", failed).once("exit", done));
  closeSync(errors);
  const text = readFileSync(said, "utf8");
  rmSync(said);
  if (code !== 0) throw new Error(failure(words, code, text));
}

const failure = (words: readonly string[], code: unknown, said: string): string =>
  `${words.join(" ")}: exit code ${code}: ${said.trim()}`;
