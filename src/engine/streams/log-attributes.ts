import type { ContainerOptions } from "../options.ts";

/** Labels and variables that `--log-opt labels=…`, `env=…` and their `-regex` name. */
export function logAttributes({
  labels,
  env,
  log,
}: Pick<ContainerOptions, "labels" | "env" | "log">): readonly (readonly [string, string])[] {
  const variables = env.map((entry): [string, string] => {
    const [name = "", ...rest] = entry.split("=");
    return [name, rest.join("=")];
  });
  const { config } = log.asked;
  return [
    ...chosen(Object.entries(labels), config["labels"], config["labels-regex"]),
    ...chosen(variables, config["env"], config["env-regex"]),
  ];
}

function chosen(
  pairs: readonly [string, string][],
  names: string | undefined,
  expression: string | undefined,
): [string, string][] {
  const listed = new Set(names?.split(",").map((name) => name.trim()));
  const fits = expression === undefined ? () => false : tester(expression);
  return pairs.filter(([name]) => listed.has(name) || fits(name));
}

function tester(expression: string): (name: string) => boolean {
  try {
    const compiled = new RegExp(expression);
    return (name) => compiled.test(name);
  } catch {
    return () => false;
  }
}
