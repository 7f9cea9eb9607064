import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Dockerfile } from "../../../src/build/dockerfile/dockerfile.ts";
import { DockerfileError } from "../../../src/build/dockerfile/error.ts";
import { parseDockerfile } from "../../../src/build/dockerfile/parse.ts";

/**
 * Each NAME.Dockerfile has beside it what it is parsed to: NAME.json, or NAME.error with the message, the lines and the
 * caret. `INRO_GOLDEN=write` writes them again: look at each change.
 */
const folder = join(import.meta.dir, "corpus");
const isWriting = process.env["INRO_GOLDEN"] === "write";

const names = readdirSync(folder)
  .filter((name) => name.endsWith(".Dockerfile"))
  .map((name) => name.slice(0, -".Dockerfile".length))
  .sort();

const position = ({ line, column }: { line: number; column: number }) => `${line}:${column}`;

/** Places as `1:2-3:4`, words as their text with its place, and no source. */
function short(key: string, value: unknown): unknown {
  if (key === "source") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if ("start" in value && "end" in value)
    return `${position(value.start as never)}-${position(value.end as never)}`;
  if ("raw" in value && "location" in value) return [value.raw, value.location];
  return value;
}

const line = (value: unknown) => JSON.stringify(value, short);

/** JSON with a line for each instruction. */
function written({ source, directives, globalArgs, stages, warnings }: Dockerfile): string {
  const list = (values: readonly unknown[], indent: string) =>
    values.length === 0
      ? "[]"
      : `[\n${values.map((value) => indent + line(value)).join(",\n")}\n${indent.slice(2)}]`;
  const shown = stages.map(
    ({ from, instructions, location }) =>
      `    {\n      "from": ${line(from)},\n      "instructions": ${list(instructions, "        ")},\n      "location": ${line(location)}\n    }`,
  );
  return [
    "{",
    `  "escape": ${line(source.escape)},`,
    `  "directives": ${line(directives)},`,
    `  "globalArgs": ${list(globalArgs, "    ")},`,
    `  "stages": [\n${shown.join(",\n")}\n  ],`,
    `  "warnings": ${list(warnings, "    ")}`,
    "}\n",
  ].join("\n");
}

function result(name: string): { kind: "json" | "error"; text: string } {
  try {
    const text = readFileSync(join(folder, `${name}.Dockerfile`), "utf8");
    return { kind: "json", text: written(parseDockerfile(text, `${name}.Dockerfile`)) };
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    return { kind: "error", text: `${error.rendered}\n` };
  }
}

for (const name of names)
  test(name, () => {
    const { kind, text } = result(name);
    const golden = (each: string) => join(folder, `${name}.${each}`);
    const other = golden(kind === "json" ? "error" : "json");
    if (isWriting) {
      writeFileSync(golden(kind), text);
      rmSync(other, { force: true });
    }
    expect(existsSync(other)).toBe(false);
    expect(text).toBe(readFileSync(golden(kind), "utf8"));
  });

test("the corpus is whole, and each file that is to be refused is", () => {
  expect(names.length).toBeGreaterThanOrEqual(150);
  const goldens = readdirSync(folder).filter((name) => !name.endsWith(".Dockerfile"));
  expect(goldens.map((name) => name.replace(/\.(json|error)$/, "")).sort()).toEqual(names);
  const refused = goldens.filter((name) => name.endsWith(".error")).map((name) => name.startsWith("error-"));
  expect(refused.every((isMeant) => isMeant)).toBe(true);
});
