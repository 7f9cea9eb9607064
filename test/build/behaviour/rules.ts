/** Rules of the Dockerfile reference as builds that show them. */
import { describe, expect, test } from "bun:test";
import { type CliEngine, cliEngine, engineMissing } from "../../cli/engine.ts";
import { build, type Files } from "../building.ts";

export interface Rule {
  /** What holds, in a sentence. */
  readonly that: string;
  /** Upon busybox, unless it has a FROM of its own. */
  readonly file: readonly string[];
  readonly files?: Files;
  readonly args?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** What all steps print together. */
  readonly prints?: string;
  /** What the image's configuration says, among other things. */
  readonly config?: object;
  /** What the image prints when it is run. */
  readonly runs?: string;
  /** What the build fails with, whole. */
  readonly error?: string;
  /** The lines of the Dockerfile that the failure shows, with what marks them. */
  readonly shows?: readonly string[];
}

/** A test for every rule, with one engine for all. */
export function describeRules(title: string, sections: Readonly<Record<string, readonly Rule[]>>): void {
  describe.skipIf(engineMissing)(title, () => {
    const cli = cliEngine();
    for (const [section, rules] of Object.entries(sections))
      describe(section, () => {
        for (const rule of rules) test(rule.that, () => holds(cli, rule));
      });
  });
}

async function holds(cli: CliEngine, rule: Rule): Promise<void> {
  const own = rule.file.some((line) => /^\s*from /i.test(line));
  const Dockerfile = `${[...(own ? [] : ["FROM busybox"]), ...rule.file].join("\n")}\n`;
  const args = rule.args === undefined ? {} : { buildargs: JSON.stringify(rule.args) };
  const made = await build(
    cli.engine,
    { Dockerfile, ...rule.files },
    { nocache: "1", ...args, ...rule.query },
  );
  expect(made.error).toBe(rule.error ?? "");
  if (rule.prints !== undefined) expect(made.output).toBe(rule.prints);
  if (rule.config !== undefined) {
    const said = await cli.out("image", "inspect", "-f", "{{json .Config}}", made.image);
    expect(JSON.parse(said)).toMatchObject(rule.config);
  }
  if (rule.runs !== undefined) expect(await cli.out("run", "--rm", made.image)).toBe(rule.runs);
  if (rule.shows !== undefined) {
    const failed = made.events.find(({ type }) => type === "failed");
    expect(failed?.type === "failed" ? failed.snippet.trimEnd().split("\n") : []).toEqual([...rule.shows]);
  }
}
