import type { Dockerfile } from "../dockerfile.ts";
import { DockerfileError } from "../error.ts";
import { experimentalRules, type Rule } from "./rules.ts";

/** What `# check=` or the build argument BUILDKIT_DOCKERFILE_CHECK chose. */
export interface CheckOptions {
  readonly skip: "all" | ReadonlySet<string>;
  readonly experimental: "all" | ReadonlySet<string>;
  /** A finding fails the build. */
  readonly error: boolean;
}

/** The build argument counts instead of the file's directive. Throws DOCKERFILE_INVALID for options that there are not. */
export function checkOptions({ source, directives }: Dockerfile, given?: string): CheckOptions {
  const { check } = directives;
  const start = { line: 1, column: 1 };
  const location = given === undefined && check !== undefined ? check.location : { start, end: start };
  const refuse = (why: string): never => {
    throw new DockerfileError({ source, location, why, hint: "skip=RULE,RULE;error=true" });
  };
  let options: CheckOptions = { skip: new Set(), experimental: new Set(), error: false };
  for (const part of (given ?? check?.value ?? "").split(";")) {
    if (part.trim() === "") continue;
    const equals = part.indexOf("=");
    if (equals < 0) refuse(`invalid check option ${JSON.stringify(part)}`);
    const [key, value] = [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
    if (key === "skip" || key === "experimental") options = { ...options, [key]: named(value) };
    else if (key !== "error") refuse(`invalid check option ${JSON.stringify(key)}`);
    else if (/^(1|t|true)$/i.test(value)) options = { ...options, error: true };
    else if (!/^(0|f|false)$/i.test(value)) refuse(`failed to parse check option ${JSON.stringify(part)}`);
  }
  return options;
}

const named = (value: string) =>
  value === "all" ? "all" : new Set(value.split(",").map((name) => name.trim()));

/** As with docker, an experimental rule is chosen by `experimental` alone, any other by `skip` alone. */
export function isOn(rule: Rule, { skip, experimental }: CheckOptions): boolean {
  if (experimentalRules.includes(rule)) return experimental === "all" || experimental.has(rule);
  return skip !== "all" && !skip.has(rule);
}
