import { execute } from "./execute.ts";
import { parse } from "./parse.ts";
import type { Value } from "./value.ts";

/** Reads a Go template as Docker's users write them; answers what it prints for a value. Throws TemplateError. */
export function template(text: string): (data: Value) => string {
  const nodes = parse(text);
  return (data) => execute(nodes, data);
}
