/** Every case is printed and hashed as its golden file says, and as docker compose v2 does it where that is there. */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalText } from "../../../src/compose/model/canonical.ts";
import { configHash } from "../../../src/compose/model/hash.ts";
import { tool } from "../../support/tools.ts";
import { type Case, cases } from "./cases.ts";
import { PROJECT, projectFrom, type Written, written } from "./support.ts";

const oracle = tool("docker-compose-2");

interface Output {
  readonly yaml: string;
  readonly json: string;
  readonly hash: string;
}

function ours(files: Written, { profiles }: Case): Output {
  const project = projectFrom(files, profiles);
  const hashes = [...project.services.values()].map((service) => `${service.name} ${configHash(service)}`);
  return {
    yaml: canonicalText(project, { format: "yaml", escaped: true }),
    json: canonicalText(project, { format: "json", escaped: true }),
    hash: `${hashes.sort().join("\n")}\n`,
  };
}

function theirs(files: Written, { profiles = [] }: Case, args: readonly string[]): string {
  const result = spawnSync(
    oracle ?? "",
    [
      ...["-f", files.file, "--project-directory", PROJECT],
      ...profiles.flatMap((profile) => ["--profile", profile]),
      ...["config", ...args],
    ],
    { env: { ...files.env, PATH: process.env["PATH"] }, encoding: "utf8" },
  );
  return result.status === 0 ? result.stdout : result.stderr;
}

const outputs: readonly (readonly [keyof Output, readonly string[]])[] = [
  ["yaml", []],
  ["json", ["--format", "json"]],
  ["hash", ["--hash", "*"]],
];

const lines = (text: string, form: keyof Output): string =>
  form === "hash" ? text.trim().split("\n").sort().join("\n") : text.trim();

for (const [section, all] of Object.entries(cases)) {
  const golden = join(import.meta.dir, "golden", `${section.replaceAll(" ", "-")}.txt`);

  test(`canonical form, ${section}: ${all.length} cases are as they were`, () => {
    const text = all
      .map((one) => {
        using files = written(one);
        const { yaml, hash } = ours(files, one);
        return `=== ${one.name}\n${yaml}--- hash\n${hash}`;
      })
      .join("");
    if (process.env["INRO_GOLDEN"] === "write") writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, "utf8"));
  });

  for (const one of all)
    test.skipIf(oracle === undefined)(`docker compose says the same of "${one.name}" (${section})`, () => {
      using files = written(one);
      const own = ours(files, one);
      for (const [form, args] of outputs) {
        const same = lines(theirs(files, one, args), form);
        if (one.differs?.[form] === undefined) expect(lines(own[form], form)).toBe(same);
        else expect(lines(own[form], form)).not.toBe(same);
      }
    });
}
