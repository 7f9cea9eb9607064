import { UsageError } from "../options/usage-error.ts";
import { execute } from "./execute.ts";
import { parse } from "./parse.ts";
import { TemplateError } from "./template-error.ts";
import type { Value } from "./value.ts";

/** Reads a Go template as Docker's users write them; answers what it prints for a value. Throws TemplateError. */
export function template(text: string): (data: Value) => string {
  const nodes = parse(text);
  return (data) => execute(nodes, data);
}

/** The `--format` of what shows one thing (inspect, info, version, events): docker ends with 64 when it cannot be read. */
export function formatTemplate(text: string): (data: Value) => string {
  try {
    return template(text);
  } catch (error) {
    throw error instanceof TemplateError ? new UsageError(error.message, 64) : error;
  }
}
