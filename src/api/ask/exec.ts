import type { ExecOptions } from "../../engine/options.ts";
import { type Asked, flag, invalid, text, textOrNull, texts, words } from "../asked.ts";
import { parseDetachKeys } from "../join.ts";
import { consoleSize } from "./container.ts";

/** The body of POST /containers/{id}/exec. */
export function askedExec(body: Asked): ExecOptions {
  const command = words(body, "Cmd") ?? [];
  if (command.length === 0) throw invalid("Cmd", "No exec command specified");
  const detachKeys = text(body, "DetachKeys");
  parseDetachKeys(detachKeys);
  return {
    command,
    env: texts(body, "Env"),
    user: textOrNull(body, "User"),
    workingDirectory: textOrNull(body, "WorkingDir"),
    tty: flag(body, "Tty"),
    attachStdin: flag(body, "AttachStdin"),
    attachStdout: flag(body, "AttachStdout"),
    attachStderr: flag(body, "AttachStderr"),
    privileged: flag(body, "Privileged"),
    detachKeys,
    consoleSize: consoleSize(body),
  };
}
