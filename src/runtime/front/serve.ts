import { Talk } from "../../kernel/executor/talk.ts";
import { encodeFrame } from "../../kernel/plan/encode.ts";
import type { UnixStream } from "../../platform/unix-stream.ts";
import { runtimeCommand } from "../command/main.ts";
import { callerOn } from "./caller.ts";
import { type Request, readRequest } from "./request.ts";

/**
 * Serves one front to its end. `accepts`: whether its command can be done here; a front that is hung up on before BEGUN
 * goes elsewhere, and nothing has been done.
 */
export async function serveFront(
  stream: UnixStream,
  accepts: (request: Request) => boolean,
  native: () => Promise<string>,
): Promise<void> {
  const request = await readRequest(stream);
  if (request === undefined || !accepts(request)) return stream.close();
  try {
    await stream.write(encodeFrame("begun", 0, {}));
  } catch {
    // It waits no more (native/front.c, has_begun).
    return stream.close();
  }
  const talk = new Talk(Promise.resolve(stream));
  const code = await runtimeCommand(request.words, callerOn(talk, request, native), native);
  await talk.tell("exit", { code });
  talk.hangUp();
}
