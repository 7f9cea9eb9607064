import { appendFileSync, writeSync } from "node:fs";

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
export function tell(level: Level, message: string, { path, json }: ErrorLog): void {
  const line = lineOf(level, message, json);
  const prefix = level === "error" ? "" : `${level}: `;
  if (level !== "debug" || path === undefined)
    writeSync(2, path === undefined && json ? line : `inro-runtime: ${prefix}${message}\n`);
  if (path === undefined) return;
  try {
    appendFileSync(path, line, { mode: READABLE });
  } catch (unwritten) {
    writeSync(2, `inro-runtime: cannot write the log "${path}": ${(unwritten as Error).message}\n`);
  }
}

function lineOf(level: Level, message: string, json: boolean): string {
  const time = new Date().toISOString();
  if (json) return `${JSON.stringify({ level, msg: message, time })}\n`;
  return `time="${time}" level=${level} msg=${JSON.stringify(message)}\n`;
}
