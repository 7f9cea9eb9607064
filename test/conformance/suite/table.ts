/** docs/CONFORMANCE.md, written from the requirements themselves. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Requirement, Section } from "./requirement.ts";

const root = join(import.meta.dir, "../../..");

export interface Page {
  /** The specification's file. */
  readonly name: string;
  readonly sections: readonly Section[];
}

export function renderTable(pages: readonly Page[]): string {
  const all = pages
    .flatMap(({ sections }) => sections)
    .flatMap(({ requirements }) => Object.values(requirements));
  return [HEAD, summary(all), ...pages.map(renderPage), FOOT].join("\n");
}

const HEAD = `# Conformance

What the [OCI Runtime Specification 1.3](https://github.com/opencontainers/runtime-spec) demands for Linux, sentence by
sentence, and what shows that \`inro-runtime\` keeps to it. Each test is named by the requirement's id and quotes the
sentence that it proves; it drives the real executable on a real bundle, and looks from inside the container or through
\`/proc\`. \`npm test -- test/conformance\` runs them on this host, \`npm run test:vm -- test/conformance\` on kernel 6.1 with
cgroup v2 alone.

This page is written by \`scripts/bun scripts/generate-conformance.ts\` from [test/conformance](../test/conformance), and a
test holds the two equal. An id stays with its sentence. "→" names the requirement whose test proves the same demand.
`;

const FOOT = "";

const count = (all: readonly Requirement[], of: (one: Requirement) => boolean) => all.filter(of).length;

function summary(all: readonly Requirement[]): string {
  const lines = (["MUST", "SHOULD"] as const).map((level) => {
    const ours = all.filter((one) => one.level === level);
    const cells = [
      ours.length,
      count(ours, ({ proof }) => (proof.kind === "test" && proof.fails === undefined) || proof.kind === "as"),
      count(ours, ({ proof }) => proof.kind === "test" && proof.fails !== undefined),
      count(ours, ({ proof }) => proof.kind === "unproven"),
      count(ours, ({ proof }) => proof.kind === "binds"),
    ];
    return `| ${level} | ${cells.join(" | ")} |`;
  });
  return [
    "| level | sentences | proven by a test | do not hold today | no test | bind others |",
    "|---|---|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}

function renderPage({ name, sections }: Page): string {
  return [`## ${name}`, "", ...sections.map(renderSection)].join("\n");
}

function renderSection(section: Section): string {
  const file = fileOf(section.id);
  const rows = Object.entries(section.requirements).map(
    ([key, one]) => `| ${section.id}.${key} | ${one.level} | ${cell(one.quote)} | ${proofOf(one)} |`,
  );
  const table = ["| id | level | the specification | shown by |", "|---|---|---|---|", ...rows, ""];
  const others = Object.entries(section.elsewhere).map(
    ([platform, quotes]) => `${platform} (${quotes.length})`,
  );
  return [
    `### ${section.title}`,
    "",
    `[${file}](../${file})`,
    "",
    ...(rows.length > 0 ? table : []),
    ...(others.length > 0 ? [`Sentences about other platforms: ${others.join(", ")}.`, ""] : []),
  ].join("\n");
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

function proofOf({ proof }: Requirement): string {
  switch (proof.kind) {
    case "as":
      return `→ ${proof.id}`;
    case "binds":
      return `binds ${proof.whom}`;
    case "unproven":
      return `no test: ${proof.why}`;
    case "test": {
      const where = proof.needs.map(({ name }) => name).join(", ");
      const marks = [
        proof.fails === undefined ? "test" : `**does not hold today**: ${proof.fails}`,
        ...(where === "" ? [] : [`needs ${where}`]),
      ];
      return marks.join("; ");
    }
  }
}

/** The one file that has the section: what the table says is looked up, not promised. */
function fileOf(id: string): string {
  const files = globSync("test/conformance/*/*.ts", { cwd: root }).filter((path) =>
    readFileSync(join(root, path), "utf8")
      .match(/section\(\s*"[^"]+"/g)
      ?.some((found) => found.endsWith(`"${id}"`)),
  );
  const [file, ...more] = files;
  if (file === undefined || more.length > 0) throw new Error(`section ${id} is in ${files.length} files`);
  return file;
}
