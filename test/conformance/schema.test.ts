/** The specification's own JSON schemas, held against what we write and what we accept. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerOptions } from "../../src/engine/options.ts";
import { buildSpec } from "../../src/engine/spec/spec.ts";
import { specShape } from "../../src/oci/runtime-spec-shape.ts";
import { options, specInput } from "../engine/sample.ts";
import { pages } from "./pages.ts";
import { breaches } from "./suite/schema.ts";
import { canRun, openWorld } from "./suite/world.ts";

const EXAMPLE = JSON.parse(readFileSync(join(import.meta.dir, "schema/example.json"), "utf8"));

describe.skipIf(!canRun)("inro-runtime spec", () => {
  test.each([[[]], [["--rootless"]]])("with %p it writes what the schema wants", async (flags: string[]) => {
    await using c = openWorld();
    expect(await c.runtime("spec", ...flags, "--bundle", c.room)).toMatchObject({ code: 0 });
    const written = JSON.parse(readFileSync(join(c.room, "config.json"), "utf8"));
    expect(breaches("config-schema.json", written)).toEqual([]);
  });
});

const limits = {
  ...options().resources,
  memory: 2 ** 26,
  nanoCpus: 1.5e9,
  pidsLimit: 100,
  cpusetCpus: "0-1",
};
const wishes: readonly (readonly [string, Partial<ContainerOptions>])[] = [
  ["of defaults", {}],
  ["with privileges", { privileged: true }],
  ["with limits", { resources: limits }],
  ["with a terminal", { tty: true }],
  ["with capabilities of its own", { capAdd: ["NET_ADMIN"], capDrop: ["ALL"] }],
];

test.each(wishes)("the engine's specification of a container %s is what the schema wants", (_, change) => {
  expect(breaches("config-schema.json", buildSpec(specInput(change)).spec)).toEqual([]);
});

const WRONG: readonly unknown[] = ["text", "", -1, 1.5, 2 ** 70, true, [], ["x"], [1], {}, { x: 1 }];

type Path = readonly string[];

/** Every member and element of a document, as paths. */
function places(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, inner]) => places(inner, [...path, name]))];
}

/** The document with another value at the path; undefined takes the member or element out. */
function changed(value: unknown, [name = "", ...rest]: Path, to: unknown): unknown {
  const copy: Record<string, unknown> = { ...(value as object) };
  if (rest.length > 0) copy[name] = changed(copy[name], rest, to);
  else if (to === undefined) delete copy[name];
  else copy[name] = to;
  return Array.isArray(value) ? Object.values(copy) : copy;
}

/** Words that are looked up where they mean something, and the requirement whose test refuses wrong ones there. */
const LATER: readonly (readonly [RegExp, string])[] = [
  [/^\/process\/ioPriority\/class = /, "config.process.linux.17"],
  [/^\/process\/rlimits\/\d\/type = /, "config.rlimits.2"],
  [/^\/linux\/namespaces\/\d\/type = /, "linux.namespaces.1"],
  [/^\/linux\/seccomp\/defaultAction = /, "linux.seccomp.1"],
  [/^\/linux\/seccomp\/architectures/, "config.values.1"],
  [/^\/linux\/seccomp\/syscalls\/0\/action = /, "linux.seccomp.12"],
  [/^\/linux\/resources\/hugepageLimits\/\d\/pageSize = /, "linux.hugepages.3"],
];
/** What we take all the same. */
const OURS: readonly RegExp[] = [
  // RLIM_INFINITY, as Docker writes it.
  /^\/process\/rlimits\/\d\/(soft|hard) = -1$/,
  // config-linux.md has the limit as OPTIONAL, the schema as required.
  /^\/linux\/resources\/pids(\/limit)? = /,
  // Go's encoders write it for nothing.
  /^\/linux\/rootfsPropagation = ""$/,
];

/** Every wrong value at every place of the specification's example that its schema refuses. */
const mutations = places(EXAMPLE)
  .slice(1)
  .flatMap((path) => [undefined, ...WRONG].map((to) => ({ path, to, value: changed(EXAMPLE, path, to) })))
  .filter(({ value }) => breaches("config-schema.json", value).length > 0)
  .map(({ path, to, value }) => ({ value, name: `/${path.join("/")} = ${JSON.stringify(to)}` }));

describe("what the runtime takes", () => {
  test("the specification's example", () => {
    expect(specShape(EXAMPLE)).toBeUndefined();
  });

  test("nothing that config-schema.json refuses, but for words that are looked up later", () => {
    expect(mutations.length).toBeGreaterThan(2000);
    const explained = [...LATER.map(([pattern]) => pattern), ...OURS];
    const taken = mutations.filter(({ value }) => specShape(value) === undefined).map(({ name }) => name);
    expect(taken.filter((name) => !explained.some((pattern) => pattern.test(name)))).toEqual([]);
  });

  test("of those words, none that means nothing: each has its test", () => {
    const ids = pages
      .flatMap(({ sections }) => sections)
      .flatMap(({ id, requirements }) => Object.keys(requirements).map((key) => `${id}.${key}`));
    expect(LATER.map(([, id]) => id).filter((id) => !ids.includes(id))).toEqual([]);
  });
});
