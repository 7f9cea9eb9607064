import { type Answer, collect } from "../client/client.ts";

interface Ended {
  readonly StatusCode: number;
  readonly Error?: { readonly Message: string } | null;
}

/** The exit code that an answer of POST /containers/{id}/wait tells, when it comes. */
export async function exitCode(waiting: Answer): Promise<number> {
  const ended = JSON.parse((await collect(waiting.body)).toString("utf8")) as Ended;
  if (ended.Error?.Message) throw new Error(ended.Error.Message);
  return ended.StatusCode;
}
