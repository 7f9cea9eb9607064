import { at, type Client, type Query } from "../../client/client.ts";
import type { Attached } from "../create/body.ts";
import { err } from "../terminal/output.ts";
import { detachKeys } from "./detach-keys.ts";
import { exitCode, isEngineLost } from "./exit-code.ts";
import { resume } from "./resume.ts";
import { session } from "./session.ts";
import { proxySignals } from "./signals.ts";
import { followWindow } from "./window.ts";

export interface Foreground {
  readonly id: string;
  /** As the user knows it. */
  readonly name: string;
  readonly streams: Attached;
  readonly tty: boolean;
  /** `undefined`: the default ones; they count with a terminal only. */
  readonly detachKeys: string | undefined;
  readonly proxySignals: boolean;
  readonly waitFor: "next-exit" | "removed";
}

/**
 * Starts a container and stays with it; answers its exit code. The order matters: streams and the wait stand before
 * the start, so that neither output nor a quick end is missed.
 */
export async function foreground(client: Client, what: Foreground): Promise<number> {
  const post = (verb: string, query: Query = {}) =>
    client.send({ method: "POST", path: `${at`/containers/${what.id}/`}${verb}`, query });
  const { stdin, stdout, stderr } = what.streams;
  const query = { stream: true, stdin, stdout, stderr, detachKeys: what.detachKeys };
  const [hijacked, waiting] = await Promise.all([
    stdin || stdout || stderr
      ? client.hijack({ method: "POST", path: at`/containers/${what.id}/attach`, query })
      : undefined,
    post("wait", { condition: what.waitFor }),
  ]);
  const signals =
    what.proxySignals && !what.tty
      ? proxySignals(what.name, (signal) => post("kill", { signal }))
      : undefined;
  const window = what.tty ? followWindow((size) => post("resize", { ...size })) : undefined;
  const since = Date.now() / 1000;
  const shown = { stdout: 0, stderr: 0 };
  try {
    // The terminal is raw and its keys are read only once the container runs: until then Ctrl-C ends us.
    await post("start");
    if (hijacked !== undefined) {
      const keys = what.tty ? detachKeys(what.detachKeys ?? "") : null;
      const end = await session(hijacked, { stdin, tty: what.tty, detachKeys: keys, shown });
      if (end === "detached") {
        err(`\r\ndetached: ${what.name} goes on\r\n`);
        return 0;
      }
    }
    try {
      return await exitCode(waiting, what.name);
    } catch (error) {
      // A terminal's and an input's way through the engine is gone; those sessions end with this error.
      if (!isEngineLost(error) || what.tty || stdin || !stdout) throw error;
    }
    return await resume(client, { ...what, since, shown });
  } finally {
    signals?.();
    window?.();
  }
}
