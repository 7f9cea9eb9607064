import { readdirSync, readlinkSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { copyDescriptor, sendDescriptor } from "../../platform/descriptors.ts";

/** Hands the terminal's master, which the native process holds, to whoever listens at the caller's console socket. */
export async function sendTerminalMaster(holder: number, socket: string): Promise<void> {
  const number = masterOf(holder);
  const master = number === undefined ? undefined : copyDescriptor(holder, number);
  if (master !== undefined && sendDescriptor(socket, master, "/dev/ptmx")) return;
  throw new InroError("CONSOLE_SOCKET_FAILED", {
    what: `cannot send the container's terminal to "${socket}"`,
    why: master === undefined ? "there is no terminal" : "nobody takes it there",
    at: "--console-socket",
  });
}

/** The native process holds one terminal: the container's own devpts names it `ptmx`. */
function masterOf(pid: number): number | undefined {
  const folder = `/proc/${pid}/fd`;
  const found = readdirSync(folder).find((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).endsWith("/ptmx");
    } catch {
      return false;
    }
  });
  return found === undefined ? undefined : Number(found);
}
