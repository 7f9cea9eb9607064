import { nearest } from "../../../oci/nearest.ts";
import { cleanPath } from "../clean-path.ts";
import { isRemote } from "../copy.ts";
import { expandWords, type Lookup } from "../expand.ts";
import { splitPort } from "../expose.ts";
import type { Ignore } from "../ignore.ts";
import type {
  AddInstruction,
  CommandInstruction,
  CopyInstruction,
  Instruction,
  ListInstruction,
  WordInstruction,
} from "../instruction.ts";
import { hasWildcards } from "../path-pattern.ts";
import { expandableOf } from "../references.ts";
import { lookupIn, type Scope } from "../scope.ts";
import { attempt } from "./attempt.ts";
import type { Report } from "./finding.ts";
import { expanded, missing } from "./stages.ts";

/** What is known at an instruction. */
export interface Point {
  readonly scope: Scope;
  /** Whether all variables are known: not where a base image's are not. */
  readonly isWhole: boolean;
  /** A SHELL, the base image's too, says that the shell form is meant. */
  readonly hasShell: boolean;
  readonly hasWorkdir: boolean;
}

interface Context extends Point {
  readonly lookup: Lookup;
  readonly ignore: Ignore | undefined;
  readonly report: Report;
}

type KindOf<Kind extends Instruction["kind"]> = Extract<Instruction, { readonly kind: Kind }>;

const checks: { [Kind in Instruction["kind"]]?: (instruction: KindOf<Kind>, context: Context) => void } = {
  add: (instruction, context) => checkSources(instruction, "Add", context),
  cmd: checkForm,
  copy: (instruction, context) => {
    if (instruction.from === undefined) checkSources(instruction, "Copy", context);
  },
  entrypoint: checkForm,
  expose: checkExpose,
  workdir: checkWorkdir,
};

/** Checks of an instruction at its point of a stage. */
export function checkInstruction(
  instruction: Instruction,
  point: Point,
  ignore: Ignore | undefined,
  report: Report,
): void {
  if (point.isWhole) checkVariables(instruction, point.scope, report);
  const check = checks[instruction.kind] as
    | ((instruction: Instruction, context: Context) => void)
    | undefined;
  check?.(instruction, { ...point, lookup: lookupIn(point.scope), ignore, report });
}

function checkForm(instruction: CommandInstruction, { hasShell, report }: Context): void {
  if (instruction.command.form === "exec" || hasShell) return;
  const name = instruction.kind.toUpperCase();
  const message = `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`;
  report("JSONArgsRecommended", message, instruction);
}

function checkVariables(instruction: Instruction, scope: Scope, report: Report): void {
  const lookup = lookupIn(scope);
  const isKnown = (name: string) => scope.env.has(name) || scope.args.has(name);
  const seen = new Set<string>();
  for (const word of expandableOf(instruction))
    for (const name of missing(word, lookup, isKnown)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const near = nearest(name, [...scope.env.keys(), ...scope.args.keys()]);
      const hint = near === undefined ? "" : ` (did you mean $${near}?)`;
      report("UndefinedVar", `Usage of undefined variable '$${name}'${hint}`, instruction, word);
    }
}

function checkWorkdir(instruction: WordInstruction, { lookup, hasWorkdir, report }: Context): void {
  const path = expanded(instruction.word, lookup);
  if (path === undefined || path.startsWith("/") || hasWorkdir) return;
  const message = `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`;
  report("WorkdirRelativePath", message, instruction, instruction.word);
}

function checkExpose(instruction: ListInstruction, { lookup, report }: Context): void {
  for (const word of instruction.words)
    for (const text of attempt(() => expandWords(word, lookup)) ?? []) {
      const { ip, host, protocol } = splitPort(text);
      if (protocol !== protocol.toLowerCase()) {
        const message = `Defined protocol '${text}' in EXPOSE instruction should be lowercase`;
        report("ExposeProtoCasing", message, instruction, word);
      }
      if (ip === "" && host === "") continue;
      const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${text}'`;
      report("ExposeInvalidFormat", message, instruction, word);
    }
}

function checkSources(
  instruction: CopyInstruction | AddInstruction,
  verb: string,
  { lookup, ignore, report }: Context,
): void {
  for (const source of instruction.sources) {
    const written = "path" in source ? expanded(source.path, lookup) : undefined;
    if (ignore === undefined || written === undefined || hasWildcards(written)) continue;
    if (instruction.kind === "add" && isRemote(written)) continue;
    const path = cleanPath(`/${written}`).slice(1);
    if (ignore.excludedBy(path) === undefined || ignore.mayHoldIncluded(path)) continue;
    const message = `Attempting to ${verb} file ${JSON.stringify(written)} that is excluded by .dockerignore`;
    report("CopyIgnoredFile", message, instruction, "path" in source ? source.path : instruction);
  }
}
