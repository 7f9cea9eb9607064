import { nearest } from "../../../oci/nearest.ts";
import { formatPlatform, matchesPlatform, type Platform, parsePlatform } from "../../../oci/platform.ts";
import { parseReference } from "../../../oci/reference.ts";
import type { Dockerfile } from "../dockerfile.ts";
import { expandWord, type Lookup, neededVariables, variablesOf } from "../expand.ts";
import type { From } from "../instruction.ts";
import { type BuildArgs, globalScope, shortPlatform, type Values } from "../scope.ts";
import type { Heredoc, Word } from "../word.ts";
import { attempt } from "./attempt.ts";
import type { Report } from "./finding.ts";

/** The variables of the global scope with the build's arguments, and as they are without any. */
export interface Globals {
  readonly values: Values;
  /** Undefined where the file's defaults need arguments to be anything at all. */
  readonly defaults: Values | undefined;
}

export function globalsOf(
  { globalArgs }: Dockerfile,
  given: BuildArgs,
  platform: ReadonlyMap<string, string>,
): Globals {
  return {
    values: globalScope(globalArgs, given, platform),
    defaults: attempt(() => globalScope(globalArgs, new Map(), platform)),
  };
}

/** What a word becomes; undefined where it cannot be expanded. */
export const expanded = (word: Word, lookup: Lookup): string | undefined =>
  attempt(() => expandWord(word, lookup));

/** Checks of a FROM. */
export function checkFrom(from: From, globals: Globals, report: Report): void {
  const { image, platform } = from;
  for (const word of platform === undefined ? [image] : [image, platform]) {
    for (const name of missing(
      word,
      (each) => globals.values.get(each),
      (each) => globals.values.has(each),
    )) {
      const near = nearest(name, [...globals.values.keys()]);
      const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
      report("UndefinedArgInFrom", `FROM argument '${name}' is not declared${hint}`, from, word);
    }
  }
  if (globals.defaults !== undefined) checkDefault(from, globals.defaults, report);
  if (platform !== undefined) checkPlatform(from, platform, globals.values, report);
}

/** The variables without which a word loses something, and that are not known. */
export const missing = (word: Word | Heredoc, lookup: Lookup, isKnown: (name: string) => boolean): string[] =>
  (attempt(() => neededVariables(word, lookup)) ?? []).filter((name) => !isKnown(name));

function checkDefault(from: From, defaults: Values, report: Report): void {
  const { image } = from;
  if (variablesOf(image).length === 0) return;
  const name = expanded(image, (variable) => defaults.get(variable)) ?? "";
  const message = `Default value for ARG ${image.raw} results in empty or invalid base image name`;
  if (attempt(() => parseReference(name)) === undefined)
    report("InvalidDefaultArgInFrom", message, from, image);
}

function checkPlatform(from: From, word: Word, values: Values, report: Report): void {
  const names = variablesOf(word);
  const text = expanded(word, (name) => values.get(name));
  if (names.length === 1 && names[0] === "TARGETPLATFORM" && text === values.get("TARGETPLATFORM"))
    report(
      "RedundantTargetPlatform",
      `Setting platform to predefined ${word.raw} in FROM is redundant as this is the default behavior`,
      from,
      word,
    );
  const platform = names.length > 0 || text === undefined ? undefined : parsed(text);
  if (platform === undefined) return;
  const { os, architecture } = platform;
  // A stage that is named after its platform is meant for it.
  if (from.name?.includes(os) || from.name?.includes(architecture)) return;
  const message = `FROM --platform flag should not use constant value ${JSON.stringify(text)}`;
  report("FromPlatformFlagConstDisallowed", message, from, word);
}

const parsed = (text: string): Platform | undefined => attempt(() => parsePlatform(text));

/** Whether the image that a FROM names is for the platform it is to be for, once it is known. */
export function checkBasePlatform(
  from: From,
  name: string,
  actual: Platform,
  globals: Values,
  report: Report,
): void {
  const word = from.platform;
  const text =
    word === undefined ? globals.get("TARGETPLATFORM") : expanded(word, (each) => globals.get(each));
  const wanted = parsed(text ?? "");
  if (wanted === undefined || matchesPlatform(actual, { os: wanted.os, architecture: wanted.architecture }))
    return;
  const [is, should] = [actual, wanted].map((each) => JSON.stringify(formatPlatform(shortPlatform(each))));
  const message = `Base image ${name} was pulled with platform ${is}, expected ${should} for current build`;
  report("InvalidBaseImagePlatform", message, from, from.image);
}
