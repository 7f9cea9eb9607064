import { parseDuration } from "../../oci/duration.ts";
import { commandLine, common } from "./common.ts";
import { flagsOf } from "./flags.ts";
import type { HealthcheckInstruction } from "./instruction.ts";
import { refuse, type Statement, textOf, wordOf } from "./statement.ts";
import type { Word } from "./word.ts";
import { wordsOf } from "./words.ts";

const options = {
  interval: "text",
  timeout: "text",
  "start-period": "text",
  "start-interval": "text",
  retries: "text",
} as const;

const millisecond = 1e6;

export function parseHealthcheck(statement: Statement): HealthcheckInstruction {
  const flags = flagsOf(statement, options);
  const [type] = wordsOf(statement);
  if (type === undefined) refuse(statement, "HEALTHCHECK requires at least one argument");
  const from = statement.rest.from + type.raw.length;
  const blanks = /^[\t\v\f\r ]*/.exec(textOf(statement, { from, to: statement.rest.to }))?.[0].length ?? 0;
  const command = { from: from + blanks, to: statement.rest.to };
  const isEmpty = textOf(statement, command) === "";
  const kind = type.raw.toUpperCase();
  if (kind === "NONE") {
    if (!isEmpty)
      refuse(statement, "HEALTHCHECK NONE takes no arguments", wordOf(statement, command).location);
    return { kind: "healthcheck", ...common(statement), test: { type: "none" } };
  }
  if (kind !== "CMD")
    refuse(statement, `Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`, type.location);
  const line = commandLine(statement, command);
  if (isEmpty || (line.form === "exec" && line.arguments.length === 0))
    refuse(statement, "Missing command after HEALTHCHECK CMD", type.location);
  const duration = (name: keyof typeof options) => nanoseconds(statement, name, flags[name]);
  return {
    kind: "healthcheck",
    ...common(statement),
    test: {
      type: "cmd",
      command: line,
      interval: duration("interval"),
      timeout: duration("timeout"),
      startPeriod: duration("start-period"),
      startInterval: duration("start-interval"),
      retries: retriesOf(statement, flags.retries),
    },
  };
}

function nanoseconds(statement: Statement, name: string, word: Word | undefined): number {
  if (word === undefined || word.raw === "") return 0;
  const duration = parseDuration(word.raw);
  if (duration === undefined)
    refuse(
      statement,
      `time: invalid duration ${JSON.stringify(word.raw)}`,
      word.location,
      "for example 1m30s",
    );
  if (duration !== 0 && duration < millisecond)
    refuse(statement, `Interval ${JSON.stringify(name)} cannot be less than 1ms`, word.location);
  return duration;
}

function retriesOf(statement: Statement, word: Word | undefined): number {
  if (word === undefined || word.raw === "") return 0;
  const retries = /^[+-]?\d{1,10}$/.test(word.raw) ? Number(word.raw) : Number.NaN;
  if (!(Math.abs(retries) < 2 ** 31))
    refuse(
      statement,
      `--retries ${JSON.stringify(word.raw)} is not a whole number below 2147483648`,
      word.location,
    );
  if (retries < 0) refuse(statement, `--retries cannot be negative (${retries})`, word.location);
  return retries;
}
