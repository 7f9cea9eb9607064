import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
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

/** Runs a command to its end, output thrown away; rejects with its errors when it fails. */
export function finish(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const [program = "", ...rest] = words;
  const child = spawn(program, rest, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...environment },
  });
  let said = "";
  child.stderr.on("data", (data) => {
    said += String(data);
  });
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) =>
      code === 0 ? done() : failed(new Error(`${words.join(" ")}: exit code ${code}: ${said.trim()}`)),
    );
  });
}
