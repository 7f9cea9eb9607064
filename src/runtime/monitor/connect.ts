import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";

const NAME = "monitor.sock";

/** No one listens: the monitor has ended, or was killed. */
const GONE = new Set(["ENOENT", "ENOTDIR", "ECONNREFUSED", "ECONNRESET", "EPIPE"]);

export const isGone = (error: unknown): boolean => GONE.has((error as NodeJS.ErrnoException).code ?? "");

/**
 * Connects to `monitor.sock` in a folder. The folder's descriptor stands for its path, because a socket's path holds
 * 108 bytes (unix(7)).
 */
export async function connectSocket(socketFolder: string): Promise<Socket> {
  const folder = await open(socketFolder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const path = join("/proc/self/fd", String(folder.fd), NAME);
    return await new Promise((resolve, reject) => {
      const socket = connect({ path, allowHalfOpen: true });
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(socket);
      });
      socket.once("error", reject);
    });
  } finally {
    await folder.close();
  }
}
