import { closeSync, read, write } from "node:fs";
import { promisify } from "node:util";
import { copyWindowSize, rawTerminal } from "../../platform/terminal.ts";
import { takeTerminalMaster } from "./console.ts";

const readSome = promisify(read);
const writeSome = promisify(write);

/** What is in the terminal when its program ends is shown; a grandchild that holds it open is not waited for. */
const DRAIN_MS = 200;
const CHUNK = 32 * 1024;
const BUSY_MS = 10;

/** The caller's terminal in place of the program's, until it is restored. */
export interface Relay {
  /** Resolves when everything that the program wrote is shown. */
  drained(): Promise<void>;
  restore(): void;
}

/** Shows the terminal that the native process holds on this process's own streams, raw and resized with them. */
export function relayTerminal(holder: number): Relay {
  const master = takeTerminalMaster(holder);
  const resize = (): void => copyWindowSize(0, master);
  resize();
  const restore = rawTerminal(0);
  process.on("SIGWINCH", resize);
  void pump(0, master);
  const shown = pump(master, 1);
  return {
    drained: () => Promise.race([shown, new Promise<void>((resolve) => setTimeout(resolve, DRAIN_MS))]),
    restore: () => {
      process.off("SIGWINCH", resize);
      restore();
      closeSync(master);
    },
  };
}

/** Until the end of the stream: a terminal whose last holder let go of it answers EIO. */
async function pump(from: number, to: number): Promise<void> {
  const bytes = Buffer.allocUnsafe(CHUNK);
  for (;;) {
    const got = await attempt(() => readSome(from, bytes, 0, CHUNK, null).then(({ bytesRead }) => bytesRead));
    if (got <= 0) return;
    for (let at = 0; at < got; ) {
      const from = at;
      const put = await attempt(() =>
        writeSome(to, bytes, from, got - from).then(({ bytesWritten }) => bytesWritten),
      );
      if (put <= 0) return;
      at += put;
    }
  }
}

/** A caller may have made its end non-blocking; any other failure is the end. */
async function attempt(act: () => Promise<number>): Promise<number> {
  for (;;) {
    try {
      return await act();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EAGAIN") return 0;
      await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
    }
  }
}
