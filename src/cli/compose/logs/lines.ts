/** What a container wrote, line by line. */
import { type Answer, at, type Client, type Query } from "../../../client/client.ts";
import { demultiplexer } from "../../../oci/stream-frames.ts";
import { isFramed } from "../../logs.ts";

type StreamName = "stdout" | "stderr";

export interface LogLine {
  /** RFC 3339 with nine digits after the point, in UTC: by its letters it is sorted. */
  readonly time: string;
  readonly stream: StreamName;
  /** Without its end; each byte a letter (latin1), as nobody knows what they mean. */
  readonly text: string;
}

/** From `query` on, as GET /containers/{id}/logs has it; `signal` ends it. */
export async function* logLines(
  client: Client,
  id: string,
  query: Query,
  signal?: AbortSignal,
): AsyncGenerator<LogLine, void> {
  const answer = await client.send({
    method: "GET",
    path: at`/containers/${id}/logs`,
    query: { stdout: true, stderr: true, timestamps: true, ...query },
  });
  const close = () => answer.close();
  signal?.addEventListener("abort", close);
  try {
    yield* linesOf(answer, await isFramed(client, id, answer));
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  } finally {
    signal?.removeEventListener("abort", close);
    answer.close();
  }
}

async function* linesOf(answer: Answer, framed: boolean): AsyncGenerator<LogLine, void> {
  const rest: Record<StreamName, string> = { stdout: "", stderr: "" };
  let ready: LogLine[] = [];
  const take = (stream: StreamName, bytes: Uint8Array) => {
    const lines = (rest[stream] + Buffer.from(bytes).toString("latin1")).split("\n");
    rest[stream] = lines.pop() ?? "";
    for (const line of lines) ready.push(lineOf(line, stream));
  };
  const show = framed ? demultiplexer(take) : (bytes: Uint8Array) => take("stdout", bytes);
  for await (const part of answer.body) {
    show(part);
    yield* ready;
    ready = [];
  }
  for (const stream of ["stdout", "stderr"] as const)
    if (rest[stream] !== "") yield lineOf(rest[stream], stream);
}

function lineOf(line: string, stream: StreamName): LogLine {
  const space = line.indexOf(" ");
  const time = space < 0 ? line : line.slice(0, space);
  return { time, stream, text: space < 0 ? "" : line.slice(space + 1) };
}

/** What sorts moments, whatever number of digits an engine writes after the point. */
export const keyOf = (time: string): string => {
  const [, whole = time, digits = ""] = /^(.{19})(?:\.(\d+))?/.exec(time) ?? [];
  return `${whole}.${digits.padEnd(9, "0")}`;
};
