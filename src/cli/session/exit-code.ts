import { type Answer, collect } from "../../client/client.ts";
import { InroError } from "../../oci/error.ts";

interface Ended {
  readonly StatusCode: number;
  readonly Error?: { readonly Message: string } | null;
}

/** The exit code that an answer of POST /containers/{id}/wait tells, when it comes. `name`: for the messages. */
export async function exitCode(waiting: Answer, name: string): Promise<number> {
  const text = await collect(waiting.body).then(String, () => "");
  if (text === "")
    throw new InroError("ENGINE_LOST", {
      what: `cannot tell how "${name}" ends`,
      why: "the engine went away",
      hint: `containers do not need it and go on: inro attach ${name}, or inro wait ${name}`,
    });
  const ended = JSON.parse(text) as Ended;
  if (ended.Error?.Message) throw new Error(ended.Error.Message);
  return ended.StatusCode;
}

export const isEngineLost = (error: unknown): boolean =>
  error instanceof InroError && error.code === "ENGINE_LOST";
