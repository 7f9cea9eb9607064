import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkDockerfile } from "../../../src/build/dockerfile/checks/check.ts";
import type { Dockerfile } from "../../../src/build/dockerfile/dockerfile.ts";
import { DockerfileError } from "../../../src/build/dockerfile/error.ts";
import { expandHeredoc, expandWords, variablesOf } from "../../../src/build/dockerfile/expand.ts";
import { exposedPorts } from "../../../src/build/dockerfile/expose.ts";
import { ignoreOf, parseIgnore } from "../../../src/build/dockerfile/ignore.ts";
import { resolveMount } from "../../../src/build/dockerfile/mount.ts";
import { parseDockerfile, parseInstruction } from "../../../src/build/dockerfile/parse.ts";
import { goPattern } from "../../../src/build/dockerfile/path-pattern.ts";
import { expandableOf } from "../../../src/build/dockerfile/references.ts";
import { runScript } from "../../../src/build/dockerfile/script.ts";
import { InroError } from "../../../src/oci/error.ts";
import { random } from "../../api/random.ts";

const folder = join(import.meta.dir, "corpus");
const corpus = readdirSync(folder)
  .filter((name) => name.endsWith(".Dockerfile"))
  .map((name) => readFileSync(join(folder, name), "utf8"));

const lookup = (name: string) => (name.length % 2 === 0 ? `${name} value` : undefined);

/** What a DockerfileError promises. */
function isWhole({ line, column, rendered, location: { start, end } }: DockerfileError): boolean {
  const isForward = end.line > start.line || (end.line === start.line && end.column >= start.column);
  return line >= 1 && column >= 1 && isForward && rendered.includes("\n") && rendered.length < 10_000;
}

/** Runs a step that may refuse what it is given, in its own way and no other. */
function allowed<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof DockerfileError && isWhole(error)) return undefined;
    if (error instanceof InroError && error.code === "DOCKERIGNORE_INVALID") return undefined;
    throw error;
  }
}

function useAll(dockerfile: Dockerfile): void {
  for (const { instructions } of dockerfile.stages)
    for (const instruction of instructions) {
      for (const word of expandableOf(instruction)) {
        allowed(() => ("raw" in word ? expandWords(word, lookup) : expandHeredoc(word, lookup)));
        variablesOf(word);
      }
      if (instruction.kind === "expose")
        for (const word of instruction.words) allowed(() => exposedPorts(word, lookup));
      if (instruction.kind === "run") {
        runScript(instruction);
        for (const mount of instruction.mounts) allowed(() => resolveMount(mount, lookup));
      }
      if (instruction.kind === "onbuild") allowed(() => parseInstruction(instruction.expression, "trigger"));
    }
  const inputs = { given: new Map(), platform: new Map(), base: () => undefined, ignore: undefined };
  allowed(() => checkDockerfile(dockerfile, inputs));
}

function feedDockerfile(text: string): void {
  const dockerfile = allowed(() => parseDockerfile(text, "Dockerfile"));
  if (dockerfile !== undefined) useAll(dockerfile);
}

function feed(text: string): void {
  feedDockerfile(text);
  const ignore = allowed(() => parseIgnore(text));
  if (ignore !== undefined) ignoreOf(ignore).excludedBy("a/b/c.txt");
}

test("whatever the bytes are, they are parsed or refused as a Dockerfile's mistake", () => {
  const next = random(1);
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from({ length: Math.floor(next() * 300) }, () => Math.floor(next() * 256));
    const text = new TextDecoder().decode(bytes);
    feed(text);
    feed(`FROM scratch\n${text}`);
  }
});

test("so are the corpus' files, damaged", () => {
  const next = random(2);
  const pick = <T>(list: ArrayLike<T>): T => list[Math.floor(next() * list.length)] as T;
  const pieces = [
    "\\",
    "`",
    '"',
    "'",
    "$",
    "${",
    "}",
    "<<",
    "<<-E",
    "\n",
    "\r\n",
    "\t",
    " ",
    "[",
    "]",
    "--",
    "=",
    ",",
    "#",
    "\ufeff",
    "\u2028",
    "é",
    "🚀",
    ":-",
    "((",
    "))",
    "*",
    "**",
    "!",
  ];
  for (let round = 0; round < 6000; round++) {
    let text = pick(corpus);
    for (let change = 0; change <= Math.floor(next() * 4); change++) {
      const [from, length] = [Math.floor(next() * (text.length + 1)), Math.floor(next() * 6)];
      const other = pick(corpus);
      const at = Math.floor(next() * other.length);
      const inserted = next() < 0.7 ? pick(pieces) : other.slice(at, at + Math.floor(next() * 40));
      text =
        text.slice(0, from) + (next() < 0.3 ? "" : inserted) + text.slice(from + (next() < 0.5 ? length : 0));
    }
    feed(text);
  }
});

// Anything that grows with the square of this would not end in the test's time.
const size = 30_000;
const fill = (piece: string) => piece.repeat(Math.ceil(size / piece.length));

const pieces = [
  ...[
    "a",
    " ",
    "\t",
    "\\",
    "`",
    '"',
    "'",
    "$",
    "{",
    "}",
    "${",
    "${a:-",
    "((",
    "))",
    "[",
    "]",
    "[[",
    "<",
    "<<",
    "<<A ",
    "-",
    "--a ",
  ],
  ...[
    "\\\n",
    "\n",
    "\r",
    "\r\n",
    "#\n",
    "# a\n",
    "a=b ",
    'a="b" ',
    "a,",
    '"",',
    "a\\ ",
    "\u00a0",
    "=",
    "*a",
    "?",
    "/",
    "../",
    "\\ \n",
    " \\\n",
  ],
];

const heads = [
  "",
  "#",
  "# escape=`\n",
  "FROM ",
  "FROM scratch\nRUN ",
  "FROM scratch\nRUN --mount=",
  "FROM scratch\nCOPY ",
  'FROM scratch\nCOPY ["',
  "FROM scratch\nENV a=",
  "FROM scratch\nENV a ",
  "FROM scratch\nARG ",
  "FROM scratch\nONBUILD ",
  "FROM scratch\nCOPY <<A /\n",
  "FROM scratch\nHEALTHCHECK --interval=",
  "FROM scratch\nEXPOSE ",
];

for (const head of heads)
  test(`thirty thousand of anything behind ${JSON.stringify(head)}`, () => {
    for (const piece of pieces) feedDockerfile(`${head}${fill(piece)}`);
  }, 60_000);

test("many instructions, and of heredocs in one", () => {
  const text = `FROM scratch AS a\n${fill("RUN <<A cat && \\\n  <<B cat\none\nA\ntwo\nB\nCOPY a b c/\n# comment\n")}`;
  expect(parseDockerfile(text, "Dockerfile").stages[0]?.instructions.length).toBeGreaterThan(700);
  const many = `FROM scratch\nCOPY ${"<<A ".repeat(30_000)}/x/\n${"A\n".repeat(30_000)}`;
  const [instruction] = parseDockerfile(many, "Dockerfile").stages[0]?.instructions ?? [];
  expect(instruction?.kind === "copy" ? instruction.sources.length : 0).toBe(30_000);
  const json = `FROM scratch\nRUN ["${fill("a\\\\")}", "b"]`;
  expect(parseDockerfile(json, "Dockerfile").stages[0]?.instructions).toHaveLength(1);
});

test("thirty thousand of anything in a .dockerignore", () => {
  for (const piece of pieces) {
    const ignore = allowed(() => parseIgnore(fill(piece)));
    if (ignore !== undefined) ignoreOf(ignore).excludedBy("a/b/c.txt");
  }
}, 60_000);

test("a pattern of brackets and stars, on a path as long as paths may be", () => {
  const path = `${"ab".repeat(40)}/`.repeat(50).slice(0, -1);
  for (const part of ["*a", "[^b]*", "**/a", "?*", "*/", "[a-z]*?"])
    for (const tail of ["x", "b", ""]) {
      allowed(() => ignoreOf(parseIgnore(`${part.repeat(40)}${tail}`)).excludedBy(path));
      goPattern(`${part.repeat(40)}${tail}`)(path);
    }
});
