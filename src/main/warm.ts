import { adoptUnix, type UnixStream } from "../platform/unix-stream.ts";
import type { Request } from "../runtime/front/request.ts";
import { endWhenIdle, type Life, settle } from "../runtime/front/resident.ts";
import { serveFront } from "../runtime/front/serve.ts";
import { hold, nativeProgram } from "./programs.ts";

/** Where a front leaves its end of the socket pair (native/front_bun.c). */
const FIRST = 3;
/** The first front is not kept waiting for what only others need. */
const SETTLE_MS = 20;

/**
 * Serves the front that started this process, over a socket pair; then, where a folder is named, others that stand where it
 * stands, until there have been none for so many seconds (docs/adr/0016).
 */
export async function serveCommands([folder = "", seconds = "0"]: readonly string[]): Promise<void> {
  let program: string | undefined;
  const native = async (): Promise<string> => {
    program ??= nativeProgram();
    return program;
  };
  let standing: string | undefined;
  const accepts = (request: Request): boolean => {
    standing ??= request.standing;
    return standing === request.standing;
  };
  const first = serveFront(await adoptUnix(FIRST), accepts, native);
  if (folder === "") {
    await first;
    process.exit(0);
  }
  await Promise.race([first, Bun.sleep(SETTLE_MS)]);
  let life: Life | undefined;
  const accept = (stream: UnixStream): void => {
    life?.began();
    void serveFront(stream, accepts, native).finally(() => life?.ended());
  };
  const residence = (await isHeld(await native())) ? settle(folder, accept) : undefined;
  if (residence === undefined) {
    await first;
    process.exit(0);
  }
  // The executable starts reluctant to compile (scripts/build.ts); what serves runs often.
  Bun.unsafe.setJITPolicy(1);
  life = endWhenIdle(Number(seconds), residence);
  life.began();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => life?.leave());
  // A defect in one command ends none of the others; whoever comes next has another Bun.
  process.on("uncaughtException", () => life?.leave());
  process.on("unhandledRejection", () => life?.leave());
  await first;
  life.ended();
}

/** Whether others may be served from this program. */
async function isHeld(program: string): Promise<boolean> {
  try {
    await hold(program);
    return true;
  } catch {
    return false;
  }
}
