import type { ContainerOptions } from "../../engine/options.ts";

/**
 * What `--log-opt labels=…` and its like put before each line of `logs --details`, as dockerd writes it (moby,
 * Info.ExtraAttributes and WriteLogStream): sorted, escaped as in a URL, a space at the end even where there is nothing.
 */
export function logDetails({ labels, env, log }: ContainerOptions): string {
  const variables = env.map((entry): [string, string] => {
    const [name = "", ...rest] = entry.split("=");
    return [name, rest.join("=")];
  });
  const found = [
    ...chosen(Object.entries(labels), log.asked.config["labels"], log.asked.config["labels-regex"]),
    ...chosen(variables, log.asked.config["env"], log.asked.config["env-regex"]),
  ];
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  return `${found.map((pair) => new URLSearchParams([pair])).join(",")} `;
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
