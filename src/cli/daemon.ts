import { mkdirSync, openSync, readFileSync } from "node:fs";
import { meet, OURS, type Peer } from "../client/peer.ts";
import { InroError } from "../oci/error.ts";
import { connectUnix, type UnixStream } from "../platform/unix-stream.ts";
import { type Place, serveArguments } from "./place.ts";
import { err, isTerminal } from "./terminal/output.ts";

/** How long a starting engine may take until its socket answers, in milliseconds. */
const PATIENCE = 30_000;

/** Connects to the place's engine, and starts it when nobody listens. */
export async function connectOrStart(place: Place): Promise<UnixStream> {
  try {
    return await connectUnix(place.socket);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EACCES" || code === "EPERM") throw noPermission(place);
    if (!place.startable) throw nobodyListens(place);
    if (process.getuid?.() !== 0) throw notRoot();
    return start(place);
  }
}

/** Who listens there, with a line for people where it is not an engine of ours. */
export async function meetAt(place: Place): Promise<Peer> {
  if (place.startable) return OURS;
  const peer = await meet(await connectOrStart(place));
  if (peer.foreign !== null)
    err(`inro: this is ${peer.foreign} at ${place.socket} (${place.named}), not an engine of inro's\n`);
  return peer;
}

const noPermission = (place: Place) =>
  new InroError("NO_PERMISSION", {
    what: "cannot reach the engine",
    why: `permission denied for ${place.socket}`,
    hint: "run it as root: sudo inro …",
  });

const notRoot = () =>
  new InroError("NOT_ROOT", {
    what: "cannot start the engine",
    why: "making containers needs root, and this is another user",
    hint: "run it as root: sudo inro …",
  });

const nobodyListens = (place: Place) =>
  new InroError("ENGINE_UNREACHABLE", {
    what: "cannot reach the engine",
    why: `nobody listens on ${place.socket}${place.named === null ? "" : `, which ${place.named} names`}`,
    hint: "start one there: inro -H ADDRESS --data-root FOLDER --exec-root FOLDER serve",
  });

/**
 * Two command lines may start it at once: the daemon itself lets only one of them live (its lock), the other one's
 * end is no failure as long as the socket answers.
 */
async function start(place: Place): Promise<UnixStream> {
  const log = `${place.execRoot}/inro.log`;
  mkdirSync(place.execRoot, { recursive: true, mode: 0o711 });
  if (isTerminal(2)) err("starting the engine …\r");
  try {
    const child = await spawnDaemon(place, log);
    return await untilItAnswers(place, log, child);
  } finally {
    if (isTerminal(2)) err("\x1b[K");
  }
}

interface Starting {
  /** Milliseconds since the daemon ended; undefined while it lives. */
  endedAt: number | undefined;
}

async function spawnDaemon(place: Place, log: string): Promise<Starting> {
  const { spawn } = await import("node:child_process");
  const output = openSync(log, "a", 0o600);
  const starting: Starting = { endedAt: undefined };
  const [command, args] = selfCommand();
  const child = spawn(command, [...args, "serve", ...serveArguments(place)], {
    detached: true,
    cwd: "/",
    env: daemonEnvironment(),
    stdio: ["ignore", output, output],
  });
  child.on("exit", () => {
    starting.endedAt = performance.now();
  });
  child.on("error", () => {
    starting.endedAt = performance.now();
  });
  child.unref();
  return starting;
}

/** BUN_OPTIONS and BUN_BE_BUN would change what the executable is (docs of Bun, "Single-file executable"). */
function daemonEnvironment(): Record<string, string | undefined> {
  const { BUN_OPTIONS: _, BUN_BE_BUN: __, ...rest } = process.env;
  return rest;
}

/** This program again: the executable itself, or, from source, Bun with the same main file. */
function selfCommand(): readonly [string, readonly string[]] {
  const main = process.argv[1] ?? "";
  return main.startsWith("/$bunfs/") ? [process.execPath, []] : [process.execPath, [main]];
}

/** After the daemon's own end another one may still be on its way: two seconds for that one. */
const GRACE = 2000;

async function untilItAnswers(place: Place, log: string, child: Starting): Promise<UnixStream> {
  const begun = performance.now();
  for (let pause = 2; performance.now() - begun < PATIENCE; pause = Math.min(pause * 1.3, 50)) {
    await Bun.sleep(pause);
    try {
      return await connectUnix(place.socket);
    } catch {
      if (child.endedAt !== undefined && performance.now() - child.endedAt > GRACE) break;
    }
  }
  throw new InroError("ENGINE_DID_NOT_START", {
    what: "cannot start the engine",
    why: child.endedAt === undefined ? `it does not answer on ${place.socket}` : lastLine(log),
    hint: `its log is ${log}`,
  });
}

function lastLine(log: string): string {
  const lines = readFileSync(log, "utf8").trim().split("\n");
  return lines.at(-1)?.slice(0, 400) || "it ended without a word";
}
