import { reasonOf } from "../../oci/error.ts";
import { exitCode } from "../../oci/exit.ts";
import type { ExecSession } from "../../runtime/runtime.ts";
import { goDuration, timeNow } from "../clock.ts";
import type { Core } from "../core.ts";
import type { Entry } from "../entry.ts";
import { createExec, startExec } from "../execs.ts";
import type { ExecOptions } from "../options.ts";
import type { HealthCheck } from "./check.ts";
import type { ProbeResult } from "./health.ts";
import { listen } from "./output.ts";

const SIGKILL = 9;
/** Docker's code for a probe that gave no answer. */
const NO_ANSWER = -1;

const EXEC: Omit<ExecOptions, "command"> = {
  env: [],
  user: null,
  workingDirectory: null,
  tty: false,
  attachStdin: false,
  attachStdout: true,
  attachStderr: true,
  privileged: false,
  detachKeys: "",
  consoleSize: null,
};

/** Looks at the container once. Null: it was called off. */
export async function probe(
  core: Core,
  entry: Entry,
  { command, timeout }: HealthCheck,
  calledOff: AbortSignal,
): Promise<ProbeResult | null> {
  const start = timeNow();
  const answer = (code: number, output: string) => ({ start, end: timeNow(), exitCode: code, output });
  const end = patience(timeout, calledOff);
  const begun = begin(core, entry, command);
  try {
    const session = await Promise.race([begun, end.came]);
    const heard = typeof session === "string" ? undefined : listen(session.stream);
    const how = typeof session === "string" ? session : await Promise.race([session.exited, end.came]);
    if (typeof how !== "string") return answer(exitCode(how), heard?.text() ?? "");
    // One that has not begun yet is not waited for, not even by the engine's end: what holds it up may last.
    begun.then(kill, () => {});
    // What stands still, for a commit as well, cannot answer.
    if (how === "called off" || entry.fortune.state.status !== "running") return null;
    if (typeof session !== "string") await Promise.race([session.exited, end.calledOff]);
    const said = heard?.text() ?? "";
    return answer(
      NO_ANSWER,
      `Health check exceeded timeout (${goDuration(timeout)})${said === "" ? "" : `: ${said}`}`,
    );
  } catch (cause) {
    if (calledOff.aborted) return null;
    return answer(NO_ANSWER, reasonOf(cause));
  } finally {
    end.forget();
  }
}

async function begin(core: Core, entry: Entry, command: readonly string[]): Promise<ExecSession> {
  const exec = createExec(core, entry, { ...EXEC, command }, true);
  return await startExec(core, exec, { detach: false, consoleSize: null });
}

async function kill(session: ExecSession): Promise<void> {
  // It may have ended by itself, or with its container.
  await session.signal(SIGKILL).catch(() => {});
}

interface Patience {
  readonly came: Promise<"late" | "called off">;
  readonly calledOff: Promise<void>;
  forget(): void;
}

function patience(milliseconds: number, signal: AbortSignal): Patience {
  const came = Promise.withResolvers<"late" | "called off">();
  const calledOff = Promise.withResolvers<void>();
  const timer = setTimeout(() => came.resolve("late"), milliseconds);
  const leave = () => {
    came.resolve("called off");
    calledOff.resolve();
  };
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  return {
    came: came.promise,
    calledOff: calledOff.promise,
    forget: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
    },
  };
}
