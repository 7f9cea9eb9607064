import { ApiError, at, type Client } from "../../client/client.ts";
import { demultiplexer } from "../../oci/stream-frames.ts";
import { err, isTerminal, out } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import { exitCode } from "./exit-code.ts";

/** What a session has shown, in bytes: the log tells the rest. */
export interface Shown {
  stdout: number;
  stderr: number;
}

export interface Resumed {
  readonly id: string;
  readonly name: string;
  readonly waitFor: "next-exit" | "removed";
  /** When it was started, in seconds since 1970: what the log holds from before is not this session's. */
  readonly since: number;
  readonly shown: Shown;
}

/** How long someone else (a service manager) may take to start the engine before we do, in milliseconds. */
const PATIENCE = 1500;

/**
 * The engine went away while a container ran in the foreground. The container did not notice, and its output is in
 * its log: wait for the engine to be back (or start it), show what was not shown yet, and answer the exit code.
 */
export async function resume(client: Client, what: Resumed): Promise<number> {
  const paint = paintFor(isTerminal(2));
  err(
    `${paint("yellow", "inro:")} the engine went away; ${what.name} goes on, and so does this as soon as it is back\n`,
  );
  await Bun.sleep(PATIENCE);
  const condition = what.waitFor === "removed" ? "removed" : "not-running";
  try {
    const waiting = await client.send({
      method: "POST",
      path: at`/containers/${what.id}/wait`,
      query: { condition },
    });
    await showRest(client, what);
    return await exitCode(waiting, what.name);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    throw new Error(
      `cannot tell how "${what.name}" ended: it ended and was removed while the engine was away`,
    );
  }
}

async function showRest(client: Client, { id, since, shown }: Resumed): Promise<void> {
  const left = { ...shown };
  const answer = await client.send({
    method: "GET",
    path: at`/containers/${id}/logs`,
    query: { stdout: true, stderr: true, follow: true, since: since.toFixed(3) },
  });
  const show = demultiplexer((stream, bytes) => {
    const known = Math.min(left[stream], bytes.length);
    left[stream] -= known;
    (stream === "stderr" ? err : out)(bytes.subarray(known));
  });
  for await (const part of answer.body) show(part);
}
