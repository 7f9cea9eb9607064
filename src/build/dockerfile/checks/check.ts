import { InroError } from "../../../oci/error.ts";
import type { Platform } from "../../../oci/platform.ts";
import type { Dockerfile } from "../dockerfile.ts";
import type { Ignore } from "../ignore.ts";
import type { Instruction, Stage } from "../instruction.ts";
import {
  addArgs,
  addEnv,
  type BuildArgs,
  defaultPath,
  MOST_VALUES,
  type OwnScope,
  ownScope,
  scopeOf,
} from "../scope.ts";
import { checkFile } from "./file.ts";
import type { Finding, Report } from "./finding.ts";
import { checkInstruction, type Point } from "./instructions.ts";
import { type CheckOptions, checkOptions, isOn } from "./options.ts";
import { checkBasePlatform, checkFrom, expanded, type Globals, globalsOf } from "./stages.ts";

/** What a check may know of an image that a FROM names. */
export interface BaseImage {
  /** `NAME=value` */
  readonly environment: readonly string[];
  readonly hasShell: boolean;
  readonly platform: Platform;
}

export interface CheckInputs {
  readonly given: BuildArgs;
  /** `platformArgs` (scope.ts). */
  readonly platform: ReadonlyMap<string, string>;
  /** By the name that a FROM has once expanded. Where it is not known, what depends on it is not checked. */
  readonly base: (image: string) => BaseImage | undefined;
  /** Undefined: the context has no .dockerignore. */
  readonly ignore: Ignore | undefined;
}

/** All that docker's build checks have to say of a file, by line. Throws DOCKERFILE_INVALID for impossible options. */
export function checkDockerfile(dockerfile: Dockerfile, inputs: CheckInputs): Finding[] {
  const options = optionsOf(dockerfile, inputs);
  const findings: Finding[] = [];
  const report: Report = (rule, message, { location: lines }, word) => {
    if (isOn(rule, options)) findings.push({ rule, message, lines, location: word?.location ?? lines });
  };
  checkFile(dockerfile, report);
  const globals = globalsOf(dockerfile, inputs.given, inputs.platform);
  const ends = new Map<string, Point>();
  for (const stage of dockerfile.stages) {
    checkFrom(stage.from, globals, report);
    const end = checkStage(stage, globals, ends, inputs, report);
    if (stage.from.name !== undefined) ends.set(stage.from.name, end);
  }
  return findings.sort(
    (a, b) => a.lines.start.line - b.lines.start.line || a.location.start.column - b.location.start.column,
  );
}

export const optionsOf = (dockerfile: Dockerfile, { given }: Pick<CheckInputs, "given">): CheckOptions =>
  checkOptions(dockerfile, given.get("BUILDKIT_DOCKERFILE_CHECK"));

/** Follows a stage from what its base left; gives what it leaves itself. */
function checkStage(
  { from, instructions }: Stage,
  globals: Globals,
  ends: ReadonlyMap<string, Point>,
  inputs: CheckInputs,
  report: Report,
): Point {
  const image = expanded(from.image, (name) => globals.values.get(name)) ?? "";
  const below = ends.get(image.toLowerCase());
  let point: OwnPoint;
  if (below !== undefined) point = { ...below, scope: ownScope(below.scope) };
  else {
    const base = image === "scratch" ? undefined : inputs.base(image);
    if (base !== undefined) checkBasePlatform(from, image, base.platform, globals.values, report);
    point = {
      scope: scopeOf(base?.environment ?? [defaultPath]),
      isWhole: image === "scratch" || base !== undefined,
      hasShell: base?.hasShell ?? false,
      hasWorkdir: false,
    };
  }
  for (const instruction of instructions) {
    checkInstruction(instruction, point, inputs.ignore, report);
    point = after(instruction, point, inputs.given, globals);
  }
  return point;
}

interface OwnPoint extends Point {
  readonly scope: OwnScope;
}

function after(instruction: Instruction, point: OwnPoint, given: BuildArgs, globals: Globals): OwnPoint {
  // Where a build would have ended.
  if (point.scope.size > MOST_VALUES) return { ...point, isWhole: false };
  try {
    switch (instruction.kind) {
      case "arg":
        addArgs(point.scope, instruction, given, globals.values);
        return point;
      case "env":
        addEnv(point.scope, instruction);
        return point;
      case "shell":
        return { ...point, hasShell: true };
      case "workdir":
        return { ...point, hasWorkdir: true };
      default:
        return point;
    }
  } catch {
    // The build will say what cannot be expanded; until then too little is known.
    return { ...point, isWhole: false };
  }
}

/** CHECKS_FAILED where `error=true` stands and something was found. */
export function refuseFindings(findings: readonly Finding[], { error }: CheckOptions): void {
  if (!error || findings.length === 0) return;
  throw new InroError("CHECKS_FAILED", {
    what: "lint violation found for rules",
    why: [...new Set(findings.map(({ rule }) => rule))].join(", "),
  });
}
