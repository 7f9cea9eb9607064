import { closeSync, constants, openSync, writeSync } from "node:fs";
import { type Caller, namedDescriptor } from "./caller.ts";

/** Where errors are told besides stderr, and how. */
export interface ErrorLog {
  readonly path: string | undefined;
  readonly json: boolean;
}

/** logrus' words. */
type Level = "error" | "warning" | "debug";

const READABLE = 0o644;

/**
 * What callers of OCI runtimes read errors from: the file of --log, one line each, as JSON or in logrus' text format.
 * stderr is for people, unless JSON without a file was asked for; what a caller takes for an error's text is no place for
 * what is told of a plan, if there is another.
 */
export async function tell(
  caller: Caller,
  level: Level,
  message: string,
  { path, json }: ErrorLog,
): Promise<void> {
  const line = lineOf(level, message, json);
  const prefix = level === "error" ? "" : `${level}: `;
  if (level !== "debug" || path === undefined)
    await caller.complain(path === undefined && json ? line : `inro-runtime: ${prefix}${message}\n`);
  if (path === undefined) return;
  try {
    await append(caller, path, line);
  } catch (unwritten) {
    await caller.complain(`inro-runtime: cannot write the log "${path}": ${(unwritten as Error).message}\n`);
  }
}

/** A pipe that nobody empties is an error, and nothing to wait for. */
async function append(caller: Caller, text: string, line: string): Promise<void> {
  const path = caller.path(text);
  const named = namedDescriptor(path);
  if (named === 1) return caller.print(line);
  if (named === 2) return caller.complain(line);
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
  const file = named === undefined ? path : `/proc/${caller.pid}/fd/${named}`;
  const descriptor = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, READABLE);
  try {
    writeSync(descriptor, line);
  } finally {
    closeSync(descriptor);
  }
}

function lineOf(level: Level, message: string, json: boolean): string {
  const time = new Date().toISOString();
  if (json) return `${JSON.stringify({ level, msg: message, time })}\n`;
  return `time="${time}" level=${level} msg=${JSON.stringify(message)}\n`;
}
