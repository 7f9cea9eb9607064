import { common } from "./common.ts";
import { parseAdd, parseCopy } from "./copy.ts";
import type { Dockerfile, EmptyContinuation } from "./dockerfile.ts";
import { DockerfileError } from "./error.ts";
import { flagsOf } from "./flags.ts";
import { parseFrom } from "./from.ts";
import { parseHealthcheck } from "./health.ts";
import { heredocMarks, readBodies } from "./heredoc.ts";
import type { ArgInstruction, From, Instruction, OnbuildInstruction, Stage } from "./instruction.ts";
import { type Line, type Lines, readLines, trim } from "./lines.ts";
import type { Source } from "./location.ts";
import { meant } from "./meant.ts";
import { parseArg, parseEnv, parseLabel } from "./pairs.ts";
import { parseCommand, parseExpose, parseShell, parseVolume, parseWord } from "./plain.ts";
import { parseRun } from "./run.ts";
import { refuse, type Statement, splitStatement, textOf } from "./statement.ts";
import { withBodies } from "./word.ts";
import { jsonWords } from "./words.ts";

type Parse = (statement: Statement, lines: Lines) => Instruction;

const instructions: Readonly<Record<string, Parse>> = {
  ADD: readingBodies(parseAdd),
  ARG: parseArg,
  CMD: (statement) => parseCommand(statement, "cmd"),
  COPY: readingBodies(parseCopy),
  ENTRYPOINT: (statement) => parseCommand(statement, "entrypoint"),
  ENV: parseEnv,
  EXPOSE: parseExpose,
  HEALTHCHECK: parseHealthcheck,
  LABEL: parseLabel,
  MAINTAINER: (statement) => parseWord(statement, "maintainer"),
  ONBUILD: parseOnbuild,
  RUN: readingBodies(parseRun),
  SHELL: parseShell,
  STOPSIGNAL: (statement) => parseWord(statement, "stopsignal"),
  USER: (statement) => parseWord(statement, "user"),
  VOLUME: parseVolume,
  WORKDIR: (statement) => parseWord(statement, "workdir"),
};

/** The exec form has no heredocs. */
function readingBodies(parse: (statement: Statement) => Instruction): Parse {
  return (statement, lines) => {
    const { line, rest } = statement;
    const isPlain = textOf(statement, rest).includes("<<") && jsonWords(statement) === undefined;
    return parse(isPlain ? readBodies(lines, statement, heredocMarks(line.text, rest)) : statement);
  };
}

function parseOnbuild(statement: Statement, lines: Lines): OnbuildInstruction {
  flagsOf(statement, {});
  const { line, rest, source } = statement;
  if (textOf(statement, rest) === "") refuse(statement, "ONBUILD requires at least one argument");
  const inner = splitStatement(source, line, rest.from);
  if (inner.name === "ONBUILD") refuse(inner, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (inner.name === "FROM" || inner.name === "MAINTAINER")
    refuse(inner, `${inner.name} isn't allowed as an ONBUILD trigger`);
  const trigger = dispatch(inner, lines);
  const location = { start: statement.location.start, end: trigger.location.end };
  const expression = withBodies(inner.original, heredocsOf(trigger));
  return { kind: "onbuild", ...common(statement), location, trigger, expression };
}

function heredocsOf(instruction: Instruction) {
  if (instruction.kind === "run") return instruction.heredocs;
  if (instruction.kind !== "copy" && instruction.kind !== "add") return [];
  return instruction.sources.flatMap((source) => ("heredoc" in source ? [source.heredoc] : []));
}

function dispatch(statement: Statement, lines: Lines): Instruction {
  const { name, keyword } = statement;
  const parse = Object.hasOwn(instructions, name) ? instructions[name] : undefined;
  if (parse !== undefined) return parse(statement, lines);
  const hint = meant(name, [...Object.keys(instructions), "FROM"]);
  refuse(statement, `unknown instruction: ${keyword.raw}`, undefined, hint);
}

/**
 * A Dockerfile's stages with the place of every word, nothing expanded. `file` is the name that errors show. Throws
 * DOCKERFILE_INVALID (docs/ERRORS.md). Source: the Dockerfile reference.
 */
export function parseDockerfile(text: string, file: string): Dockerfile {
  const lines = readLines(text, file);
  const { source, directives } = lines;
  const globalArgs: ArgInstruction[] = [];
  const stages: { from: From; instructions: Instruction[] }[] = [];
  const warnings: EmptyContinuation[] = [];
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const statement = splitStatement(source, line);
    if (line.hasEmptyContinuation)
      warnings.push({ original: statement.original, location: statement.location });
    if (statement.name === "FROM") {
      stages.push({ from: parseFrom(statement), instructions: [] });
      continue;
    }
    const instruction = dispatch(statement, lines);
    const stage = stages.at(-1);
    if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === "arg") globalArgs.push(instruction);
    else refuse(statement, "no build stage in current context", undefined, "begin with FROM image");
  }
  if (stages.length === 0) refuseEmpty(source, text, globalArgs.length > 0);
  return { source, directives, globalArgs, stages: stages.map(placed), warnings };
}

function placed({ from, instructions }: { from: From; instructions: readonly Instruction[] }): Stage {
  const { end } = instructions.at(-1)?.location ?? from.location;
  return { from, instructions, location: { start: from.location.start, end } };
}

function refuseEmpty(source: Source, text: string, hasArgs: boolean): never {
  const line = Math.max(1, source.lines.length - (source.lines.at(-1) === "" ? 1 : 0));
  const column = (source.lines[line - 1] ?? "").length + 1;
  const location = { start: { line, column }, end: { line, column } };
  const none = trim(text) === "" ? "the Dockerfile cannot be empty" : "file with no instructions";
  const why = hasArgs ? "dockerfile contains no stages to build" : none;
  throw new DockerfileError({ source, location, why, hint: "begin with FROM image" });
}

/**
 * One instruction by itself, as an image's `OnBuild` has it; `file` is the name that errors show. FROM, MAINTAINER and
 * ONBUILD are refused, as is more than one instruction. Throws DOCKERFILE_INVALID.
 */
export function parseInstruction(text: string, file: string): Instruction {
  return single(text, file, "an ONBUILD trigger", ["FROM", "MAINTAINER", "ONBUILD"]);
}

/** The same of `--change`, which an image is committed or imported with. */
export function parseChange(text: string): Instruction {
  return single(text, "--change", "a change", ["FROM", "RUN", "COPY", "ADD", "ARG", "MAINTAINER"]);
}

function single(text: string, file: string, what: string, refused: readonly string[]): Instruction {
  const lines = readLines(text, file);
  const { source } = lines;
  const line: Line | undefined = lines.next();
  if (line === undefined) refuseEmpty(source, text, false);
  const statement = splitStatement(source, line);
  if (refused.includes(statement.name)) refuse(statement, `${statement.name} isn't allowed as ${what}`);
  const instruction = dispatch(statement, lines);
  const next = lines.next();
  if (next !== undefined)
    refuse(
      splitStatement(source, next),
      `${what.replace(/^an? /, "").toLowerCase()} should be a single expression`,
    );
  return instruction;
}
