import { readdirSync, readlinkSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { copyDescriptor, sendDescriptor } from "../../platform/descriptors.ts";

/** Hands the terminal's master, which the native process holds, to whoever listens at the caller's console socket. */
export function sendTerminalMaster(holder: number, socket: string): void {
  if (sendDescriptor(socket, takeTerminalMaster(holder), "/dev/ptmx")) return;
  throw new InroError("CONSOLE_SOCKET_FAILED", {
    what: `cannot send the container's terminal to "${socket}"`,
    why: "nobody takes it there",
    at: "--console-socket",
  });
}

/** A copy of the master of the terminal that the native process holds. */
export function takeTerminalMaster(holder: number): number {
  const number = masterOf(holder);
  const master = number === undefined ? undefined : copyDescriptor(holder, number);
  if (master !== undefined) return master;
  throw new InroError("TERMINAL_FAILED", {
    what: "cannot take the container's terminal",
    why: "the native process holds none",
    at: "/process/terminal",
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
