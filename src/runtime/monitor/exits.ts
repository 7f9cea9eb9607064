import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InroError } from "../../oci/error.ts";
import { type Exit, parseExit } from "../../oci/exit.ts";

/** Where the end of a session is written down: the container's own ("") or an exec session's. */
export function exitFile(folder: string, session: string): string {
  return session === "" ? join(folder, "exit.json") : join(folder, "exec", `${session}.json`);
}

/**
 * What the monitor wrote down before it left. Without such a file the monitor itself was killed, and the container
 * died with it (MONITOR_LOST): its exit code is unknown.
 */
export async function readExit(folder: string, session: string): Promise<Exit> {
  const path = exitFile(folder, session);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new InroError("MONITOR_LOST", {
      what:
        session === ""
          ? "the container's exit status is unknown"
          : `the exit status of exec "${session}" is unknown`,
      why: "its monitor was killed, and the container died with it",
      hint: "look for who killed the process inro-monitor: the out-of-memory killer tells it in the kernel's log",
      cause,
    });
  }
  return parseExit(text, path);
}
