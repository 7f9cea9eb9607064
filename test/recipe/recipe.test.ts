import { expect, test } from "bun:test";
import { expandHeredoc, expandWord } from "../../src/build/dockerfile/expand.ts";
import type { Instruction } from "../../src/build/dockerfile/instruction.ts";
import { parseDockerfile } from "../../src/build/dockerfile/parse.ts";
import { image, type Recipe } from "../../src/recipe/recipe.ts";

const parsed = (recipe: Recipe) => parseDockerfile(recipe.dockerfile(), "recipe");
const instructionsOf = (recipe: Recipe) => parsed(recipe).stages.at(-1)?.instructions ?? [];
const only = <K extends Instruction["kind"]>(recipe: Recipe, kind: K) => {
  const found = instructionsOf(recipe);
  expect(found.map((each) => each.kind)).toEqual([kind]);
  return found[0] as Extract<Instruction, { kind: K }>;
};

const texts = [
  "plain",
  "two words",
  `$HOME and $\{PATH}`,
  'a "quoted" text',
  "it's",
  "back\\slash and \\$ and \\\\",
  "ends with \\",
  "# no comment",
  "tab\tinside",
  "ünïcödé ☃",
  " blanks around ",
  "a=b,c",
  "",
];
const lookup = () => "REPLACED";

test.each(texts)("a value is the text and nothing else: %j", (text) => {
  const { pairs } = only(image("x").env({ NAME: text }), "env");
  expect(pairs.map(({ value }) => expandWord(value, lookup))).toEqual([text]);
});

test.each(texts.filter((text) => text !== ""))("a path is the text and nothing else: %j", (text) => {
  const { sources, destination } = only(image("x").copy(text, `/to/${text}`), "copy");
  const [source] = sources;
  expect(source !== undefined && "path" in source && expandWord(source.path, lookup)).toBe(text);
  expect(expandWord(destination, lookup)).toBe(`/to/${text}`);
});

test.each([
  "a b",
  "first\nsecond\n",
  "cat <<EOF\nx\nEOF\n",
  "ends with \\",
  "--flag",
  "[ -e x ] && y",
  "# x\ny",
  " x",
])("a command is given to the shell as it is: %j", (text) => {
  const { command, heredocs } = only(image("x").run(text), "run");
  const said =
    heredocs[0] === undefined
      ? command.form === "shell"
        ? command.command
        : ""
      : expandHeredoc(heredocs[0], lookup);
  expect(said.replace(/\n$/, "")).toBe(text.replace(/\n$/, ""));
});

test.each(["EOF\n$NOT_REPLACED\nEOF1\n", "EOF\r\n$NOT_REPLACED\r\n"])(
  "a file's text is a heredoc that ends nowhere in it: %j",
  (content) => {
    const { sources, destination } = only(
      image("x").file("/etc/$some'file", content, { mode: "600" }),
      "copy",
    );
    const [source] = sources;
    expect(source !== undefined && "heredoc" in source && expandHeredoc(source.heredoc, lookup)).toBe(
      content,
    );
    expect(expandWord(destination, lookup)).toBe("/etc/$some'file");
  },
);

test("what a recipe takes from others comes before it, each once", () => {
  const tools = image("debian").run("install");
  const one = tools.run("make one");
  const both = image("scratch")
    .copy("/one", "/", { from: one })
    .copy("/two", "/", { from: tools.run("make two") })
    .run("cat", {
      mounts: [
        { type: "bind", from: one, target: "/one" },
        { type: "cache", target: "/c", sharing: "locked" },
      ],
    });
  const { stages } = parsed(both);
  expect(stages.map(({ from }) => from.original)).toEqual([
    "FROM debian AS recipe-0",
    "FROM debian AS recipe-1",
    "FROM scratch AS recipe-2",
  ]);
  expect(both.dockerfile()).toContain(
    "RUN --mount=type=bind,from=recipe-0,target=/one --mount=type=cache,target=/c,sharing=locked cat",
  );
});

test("what no Dockerfile can say is refused", () => {
  expect(() => image("x").env({ A: "two\nlines" })).toThrow(/line break/);
  expect(() => image("x").env({ "A B": "1" })).toThrow(/cannot be a name/);
  expect(() => image("x").cmd("two\nlines")).toThrow(/say it as a list/);
  expect(() => image("x").file("/two words", "")).toThrow(/has a blank/);
  expect(() => image("two words")).toThrow(/names no image/);
});
