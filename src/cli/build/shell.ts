import { at, type Client } from "../../client/client.ts";
import { UsageError } from "../options/usage-error.ts";
import { printWarning } from "../print-error.ts";
import { session } from "../session/session.ts";
import { followWindow, windowSize } from "../session/window.ts";
import { err, isTerminal } from "../terminal/output.ts";

/** Refused before anything is built. */
export function checkShell(onError: string | undefined): void {
  if (onError === undefined || onError === "end") return;
  if (onError !== "shell")
    throw new UsageError(`cannot use "${onError}" for --on-error: there are end, shell`);
  if (!isTerminal(0) || !isTerminal(1)) throw new UsageError("--on-error=shell needs a terminal", 1);
}

/** A shell in the files that a failed step left; what it cannot do hinders nothing. */
export async function shellIn(client: Client, build: string, title: string): Promise<void> {
  err(`\n${title} failed: this is a shell in its files, as it left them. Leave it to end the build.\n`);
  try {
    const query = { ...windowSize() };
    const stream = await client.hijack({ method: "POST", path: at`/inro/builds/${build}/shell`, query });
    const stop = followWindow((size) =>
      client.send({ method: "POST", path: at`/inro/builds/${build}/resize`, query: { ...size } }),
    );
    try {
      await session(stream, { stdin: true, tty: true, detachKeys: null });
    } finally {
      stop();
    }
  } catch (error) {
    err(printWarning(error));
  }
}
