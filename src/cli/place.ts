import { socketPath } from "../client/address.ts";
import type { Values } from "./options/option.ts";
import { flag, text } from "./options/option.ts";
import { namedServer } from "./server.ts";

export const globalOptions = {
  host: text(
    "ADDRESS",
    "The engine's socket (default INRO_HOST, DOCKER_HOST, the docker context, or unix:///run/inro/inro.sock)",
    { short: "H" },
  ),
  context: text("NAME", "The docker context whose engine is meant", { short: "c" }),
  "data-root": text("FOLDER", "Where the engine keeps everything (default /var/lib/inro)"),
  "exec-root": text("FOLDER", "Where it keeps what a reboot may lose (default /run/inro)"),
  version: flag("Print the version", { short: "v" }),
  debug: flag("Docker's; the daemon has its own", { short: "D", hidden: true }),
  "log-level": text("LEVEL", "Docker's", { short: "l", hidden: true }),
  config: text(
    "FOLDER",
    "Where docker's config.json with credentials is (default ~/.docker, or DOCKER_CONFIG)",
  ),
};

/** Where an engine lives. */
export interface Place {
  readonly socket: string;
  /** Who named the socket; null: it is where it always is. */
  readonly named: string | null;
  readonly dataRoot: string;
  readonly execRoot: string;
  /** False for a bare socket: it is someone else's engine, which is not ours to start. */
  readonly startable: boolean;
}

const DATA_ROOT = "/var/lib/inro";
const EXEC_ROOT = "/run/inro";

/**
 * `--exec-root` alone moves the socket with it; `--data-root` alone gets an exec root of its own, named after it, so
 * that a second engine never shares the first one's.
 */
export function placeOf(options: Values<typeof globalOptions>): Place {
  const dataRoot = options["data-root"] ?? process.env["INRO_DATA_ROOT"] ?? DATA_ROOT;
  const execRoot = options["exec-root"] ?? process.env["INRO_EXEC_ROOT"] ?? execRootOf(dataRoot);
  const moved = dataRoot !== DATA_ROOT || execRoot !== EXEC_ROOT;
  // Who names an engine's folders means that one, wherever docker is told to look.
  const named = namedServer(options, !moved);
  const own = `${execRoot}/inro.sock`;
  const socket = named === undefined ? own : socketPath(named);
  return { socket, named: named?.by ?? null, dataRoot, execRoot, startable: moved || socket === own };
}

function execRootOf(dataRoot: string): string {
  if (dataRoot === DATA_ROOT) return EXEC_ROOT;
  return `${EXEC_ROOT}-${Bun.hash.crc32(dataRoot).toString(16).padStart(8, "0")}`;
}

/** The command line that starts the engine of this place. */
export function serveArguments(place: Place): string[] {
  return ["--data-root", place.dataRoot, "--exec-root", place.execRoot, "-H", `unix://${place.socket}`];
}
