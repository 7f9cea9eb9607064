import type { Dockerfile } from "../dockerfile.ts";
import type { ArgInstruction, Instruction, Stage } from "../instruction.ts";
import type { Word } from "../word.ts";
import type { Report } from "./finding.ts";

/** Checks of how a file is written, for which nothing has to be known but the file. */
export function checkFile(dockerfile: Dockerfile, report: Report): void {
  for (const continuation of dockerfile.warnings)
    report("NoEmptyContinuation", "Empty continuation line", continuation);
  checkCasing(dockerfile, report);
  checkStageNames(dockerfile.stages, report);
  const named = new Set(dockerfile.source.lines.flatMap((line) => line.match(/(?<=\$\{?)\w+/g) ?? []));
  for (const arg of dockerfile.globalArgs) checkArg(arg, named, report);
  for (const { instructions } of dockerfile.stages) {
    checkOnce(instructions, report);
    for (const instruction of instructions) checkPairs(instruction, named, report);
  }
}

const isUpper = (text: string): boolean => text === text.toUpperCase();
const isLower = (text: string): boolean => text === text.toLowerCase();

function checkCasing({ globalArgs, stages }: Dockerfile, report: Report): void {
  const all = [...globalArgs, ...stages.flatMap(({ from, instructions }) => [from, ...instructions])];
  const words = all.map(({ keyword }) => keyword.raw);
  const isMostlyLower = words.filter(isLower).length > words.filter(isUpper).length;
  const [isRight, casing] = isMostlyLower ? [isLower, "lowercase"] : [isUpper, "uppercase"];
  for (const each of all) {
    const { raw } = each.keyword;
    const message = `Command '${raw}' should match the case of the command majority (${casing})`;
    if (!isRight(raw)) report("ConsistentInstructionCasing", message, each, each.keyword);
  }
}

const reserved = ["context", "scratch"];

function checkStageNames(stages: readonly Stage[], report: Report): void {
  const seen = new Set<string>();
  for (const { from } of stages) {
    const { name, alias, keyword, comments } = from;
    if (name === undefined || alias === undefined) continue;
    const written = alias.name.raw;
    if (!isLower(written))
      report("StageNameCasing", `Stage name '${written}' should be lowercase`, from, alias.name);
    const { raw: as } = alias.as;
    if ((isUpper(keyword.raw) && !isUpper(as)) || (isLower(keyword.raw) && !isLower(as)))
      report("FromAsCasing", `'${as}' and '${keyword.raw}' keywords' casing do not match`, from, alias.as);
    if (seen.has(name)) {
      const message = `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`;
      report("DuplicateStageName", message, from, alias.name);
    }
    seen.add(name);
    if (reserved.includes(name)) {
      const message = `Stage name should not use the same name as reserved stage ${JSON.stringify(name)}`;
      report("ReservedStageName", message, from, alias.name);
    }
    checkDescription("FROM", [written], comments, from, report);
  }
}

/** docker's outline takes the last comment line above a stage or an argument for its description. */
function checkDescription(
  instruction: string,
  names: readonly string[],
  comments: readonly string[],
  about: Stage["from"] | ArgInstruction,
  report: Report,
): void {
  const first = comments.at(-1)?.split(" ")[0];
  if (first === undefined || names.includes(first)) return;
  const example = names.length === 1 ? names[0] : "<arg_key>";
  const message = `Comment for ${instruction} should follow the format: \`# ${example} <description>\``;
  report("InvalidDefinitionDescription", message, about);
}

function checkOnce(instructions: readonly Instruction[], report: Report): void {
  const before = new Map<string, Instruction>();
  for (const instruction of instructions) {
    const { kind } = instruction;
    if (kind !== "cmd" && kind !== "entrypoint" && kind !== "healthcheck") continue;
    const overridden = before.get(kind);
    const message = `Multiple ${kind.toUpperCase()} instructions should not be used in the same stage because only the last one will be used`;
    if (overridden !== undefined) report("MultipleInstructionsDisallowed", message, overridden);
    before.set(kind, instruction);
  }
}

function checkPairs(instruction: Instruction, named: ReadonlySet<string>, report: Report): void {
  const { kind } = instruction;
  if (kind === "maintainer")
    report(
      "MaintainerDeprecated",
      "Maintainer instruction is deprecated in favor of using label",
      instruction,
    );
  if (kind === "arg") checkArg(instruction, named, report);
  if (kind !== "env" && kind !== "label") return;
  if (instruction.legacy) reportLegacy(kind.toUpperCase(), instruction, report);
  if (kind === "env") for (const { key } of instruction.pairs) checkSecret("ENV", key, instruction, report);
}

function reportLegacy(name: string, about: Instruction, report: Report): void {
  const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
  report("LegacyKeyValueFormat", message, about);
}

/** `named`: the variables that the file asks for anywhere. */
function checkArg(arg: ArgInstruction, named: ReadonlySet<string>, report: Report): void {
  const names = arg.pairs.map(({ key }) => key.raw);
  for (const { key } of arg.pairs) checkSecret("ARG", key, arg, report);
  checkDescription("ARG", names, arg.comments, arg, report);
  const [, second] = arg.pairs;
  const isBare = arg.pairs.length === 2 && arg.pairs.every(({ value }) => value === undefined);
  // "ARG a b" declares two arguments; that a value was meant shows in nothing asking for the second one.
  if (isBare && second !== undefined && !named.has(second.key.raw)) reportLegacy("ARG", arg, report);
}

const secretWords = "apikey|auth|credentials?|key|password|pword|passwd|secret|token";
const secret = new RegExp(`(?:_|^)(?:${secretWords})(?:_|$)`, "i");
const harmless = /(?:_|^)(?:public|file|version)(?:_|$)/i;

function checkSecret(name: string, key: Word, about: Instruction, report: Report): void {
  if (!secret.test(key.raw) || harmless.test(key.raw)) return;
  const message = `Do not use ARG or ENV instructions for sensitive data (${name} ${JSON.stringify(key.raw)})`;
  report("SecretsUsedInArgOrEnv", message, about, key);
}
