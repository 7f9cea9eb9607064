/** The OCI command line with a folder of its own for the Buns that serve it; they end with the scope. */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { commandLine, type Ran } from "../command/bundle.ts";

export interface Front extends AsyncDisposable {
  readonly inro: ReturnType<typeof commandLine>;
  /** INRO_WARM. */
  readonly folder: string;
  readonly environment: Record<string, string>;
  /** Its words are the command line's; in a shell, `"$@"`. */
  run(words: readonly string[], options?: { readonly within?: readonly string[] }): Promise<Ran>;
  spawn(words: readonly string[], within?: readonly string[]): Bun.Subprocess<"ignore", "pipe", "pipe">;
  /** Those that serve its commands now: those of callers that stand where this process does, or all. */
  buns(where?: "here" | "anywhere"): number[];
  /** The one that listens; starts it if need be. */
  resident(): Promise<number>;
}

let count = 0;

export function openFront(name: string): Front {
  const inro = commandLine(name);
  const folder = join(inro.path, "warm");
  mkdirSync(folder, { mode: 0o700 });
  const environment = { ...process.env, INRO_WARM: folder } as Record<string, string>;
  const spawn = (words: readonly string[], within: readonly string[] = []) =>
    Bun.spawn([...within, ...inro.words, ...words], {
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
    });
  const run: Front["run"] = async (words, { within = [] } = {}) => {
    // A container that is left running keeps its caller's streams: files, since a pipe would have no end.
    const [out, err] = [join(inro.path, `front-out${++count}`), join(inro.path, `front-err${count}`)];
    const stdio = ["ignore", Bun.file(out), Bun.file(err)] as const;
    const child = Bun.spawn([...within, ...inro.words, ...words], {
      env: environment,
      stdio: [...stdio],
      timeout: 30_000,
    });
    const code = await child.exited;
    return { code, stdout: await Bun.file(out).text(), stderr: await Bun.file(err).text() };
  };
  const buns: Front["buns"] = (where = "here") =>
    bunsServing(folder).filter((pid) => where === "anywhere" || standsHere(pid));
  return {
    ...{ inro, folder, environment, run, spawn, buns },
    resident: async () => {
      await run(["list"]);
      for (let tries = 0; tries < 500; tries++) {
        // Others that were started meanwhile end with their own command.
        const [pid, other] = buns();
        if (pid !== undefined && other === undefined && existsSync(join(placeOf(pid), "socket"))) return pid;
        await Bun.sleep(10);
      }
      throw new Error("nobody listens");
    },
    [Symbol.asyncDispose]: async () => {
      await inro[Symbol.asyncDispose]();
      for (const pid of buns("anywhere")) end(pid);
    },
  };
}

function bunsServing(folder: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    try {
      const [role, where = ""] = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      return role === "inro-warm" && where.startsWith(`${folder}/`) ? [pid] : [];
    } catch {
      return [];
    }
  });
}

/** The folder of its socket. */
export const placeOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[1] as string;

const standsHere = (pid: number): boolean =>
  ["mnt", "uts"].every((name) => namespaceOf(pid, name) === namespaceOf("self", name));

function namespaceOf(pid: number | "self", name: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${name}`);
  } catch {
    return "";
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
