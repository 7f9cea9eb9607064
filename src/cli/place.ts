import { socketPath } from "./client/client.ts";
import type { Values } from "./options/option.ts";
import { flag, text } from "./options/option.ts";

export const globalOptions = {
  host: text("ADDRESS", "The engine's socket (default unix:///run/inro/inro.sock, or INRO_HOST)", {
    short: "H",
  }),
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
  const host = options.host ?? process.env["INRO_HOST"];
  const own = `${execRoot}/inro.sock`;
  const socket = host === undefined || host === "" ? own : socketPath(host);
  const moved = dataRoot !== DATA_ROOT || execRoot !== EXEC_ROOT;
  return { socket, dataRoot, execRoot, startable: moved || socket === own };
}

function execRootOf(dataRoot: string): string {
  if (dataRoot === DATA_ROOT) return EXEC_ROOT;
  return `${EXEC_ROOT}-${Bun.hash.crc32(dataRoot).toString(16).padStart(8, "0")}`;
}

/** The command line that starts the engine of this place. */
export function serveArguments(place: Place): string[] {
  return ["--data-root", place.dataRoot, "--exec-root", place.execRoot, "-H", `unix://${place.socket}`];
}
