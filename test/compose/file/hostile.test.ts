import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { toJson } from "../../../src/compose/file/json.ts";
import { loadFile } from "../../../src/compose/file/load.ts";
import { filesIn } from "./files.ts";

const load = (path: string, files: readonly string[] = []) =>
  loadFile({ files, envFiles: [], env: {}, workingDir: path, profiles: [] });

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");

/** None of these ends at all unless somebody counts. */
test.each([
  [
    "aliases of aliases",
    `x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n${lines(40, (index) => `x-${index + 1}: &a${index + 1} [${Array(10).fill(`*a${index}`)}]`)}`,
    /^compose\.yaml:6:\d+: .*more than 250000 values/,
  ],
  [
    "merge keys of merge keys",
    `x-0: &a0 {${lines(10, (index) => `k${index}: v,`).replaceAll("\n", " ")}}\n${lines(40, (index) => `x-${index + 1}: &a${index + 1} {a: *a${index}, b: *a${index}, <<: [*a${index}, *a${index}]}`)}`,
    /^compose\.yaml:\d+:\d+: .*more than 250000 values/,
  ],
  [
    "services that extend a large one",
    `services:\n  base: {image: a, labels: [${lines(1000, (index) => `l${index},`).replaceAll("\n", " ")}]}\n${lines(1000, (index) => `  s${index}: {extends: base}`)}`,
    /^compose\.yaml:\d+:\d+: .*what its services extend written out it has more than 250000 values/,
  ],
  ["brackets without end", `x-a: ${"[".repeat(100_000)}`, /^compose\.yaml:1:\d+: .*nested too deeply/],
  ["keys without end", `x-a: ${"? ".repeat(100_000)}`, /^compose\.yaml:1:\d+: /],
  ["a variable without end", `name: "${"${A:-".repeat(50_000)}"`, /^compose\.yaml:1:\d+: .*is not closed/],
])("%s are refused with their place", (_, text, message) => {
  using folder = filesIn({ "compose.yaml": text });
  expect(() => load(folder.path)).toThrow(message);
});

test("files that include each other twice are counted", () => {
  using folder = filesIn(
    Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `${index}.yaml`,
        index === 11 ? "services: {}\n" : `include: [${index + 1}.yaml, ${index + 1}.yaml]\nservices: {}\n`,
      ]),
    ),
  );
  expect(() => load(folder.path, ["0.yaml"])).toThrow(
    /^\d+\.yaml:1:\d+: .*more than 1000 files are included/,
  );
});

test("a folder that is a link to itself does not hide that a file includes itself", () => {
  using folder = filesIn({ "compose.yaml": "include: [self/compose.yaml]\nservices: {}\n" });
  symlinkSync(".", join(folder.path, "self"));
  expect(() => load(folder.path)).toThrow(
    "compose.yaml:1:10: cannot include compose.yaml: it would include itself",
  );
});

test("a variable that doubles itself line by line stops growing", () => {
  const variables = lines(64, (index) => `V${index + 1}=\${V${index}}\${V${index}}`);
  using folder = filesIn({ ".env": `V0=0123456789\n${variables}\n`, "compose.yaml": "services: {}\n" });
  expect(() => load(folder.path)).toThrow(/^\.env:\d+:1: .*larger than 1 MiB/);
});

test("a pipe that nobody writes to is refused where it is named", () => {
  using folder = filesIn({ "compose.yaml": "include: [pipe]\nservices: {}\n" });
  expect(spawnSync("mkfifo", [join(folder.path, "pipe")]).status).toBe(0);
  expect(() => load(folder.path)).toThrow(
    'compose.yaml:1:11: cannot read "pipe": it is a pipe that nobody writes to',
  );
  expect(() => load(folder.path, ["pipe"])).toThrow("cannot read the Compose file pipe: it is a pipe");
});

test("what never ends is not read to its end", () => {
  using folder = filesIn({});
  expect(() => load(folder.path, ["/dev/zero"])).toThrow("it is larger than 16 MiB");
});

test("keys that objects of JavaScript have are keys like any other", () => {
  using folder = filesIn({
    "compose.yaml":
      "services:\n  constructor: {image: a}\n  web:\n    image: a\n    labels: {toString: a, __proto__: b}\n    environment: [constructor=1]\n",
    "compose.override.yaml": "services:\n  web:\n    labels: [__proto__=c]\n",
  });
  const { root } = load(folder.path);
  const web = root.entries.get("services")?.value;
  expect(web?.kind === "mapping" && [...web.entries.keys()]).toEqual(["constructor", "web"]);
  expect(JSON.stringify(toJson(root))).toContain('"labels":{"toString":"a","__proto__":"c"}');
  using wrong = filesIn({ "compose.yaml": "services:\n  web: {image: a, constructor: b}\n" });
  expect(() => load(wrong.path)).toThrow("cannot use `constructor` in services.web: there is no such key");
});

test.each([
  ["a key", 'services:\n  web: {image: a, "x\\e[31m\\r": b}\n'],
  ["a value", 'services:\n  web: {image: a, cpus: "\\e[2Jno"}\n'],
  ["the line itself", "services:\n  web: {image: a, foo\u001b[31m: b}\n"],
  ["a variable", "services:\n  web: {image: '${\u001b[31m}'}\n"],
  ["a name", 'name: "\\e"\nservices: {}\n'],
])("a terminal obeys nothing that a message shows of %s", (_, text) => {
  using folder = filesIn({ "compose.yaml": text });
  let shown = "";
  try {
    load(folder.path);
  } catch (error) {
    const { message, snippet } = error as { readonly message: string; readonly snippet?: string };
    shown = `${message}\n${snippet}`;
  }
  expect(shown).toMatch(/^compose\.yaml:\d/);
  expect(shown).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
});

test("standard input and pipes are read to their end", () => {
  const text = "services: {web: {image: a}}\n";
  const program = `
    import { loadFile } from ${JSON.stringify(join(import.meta.dir, "../../../src/compose/file/load.ts"))};
    const { files, root } = loadFile({ files: ["-"], envFiles: [], env: {}, workingDir: "/tmp", profiles: [] });
    console.log(JSON.stringify([files, [...root.entries.keys()]]));`;
  const { stdout } = spawnSync(process.execPath, ["-e", program], { input: text, encoding: "utf8" });
  expect(JSON.parse(stdout)).toEqual([[], ["services"]]);
});
