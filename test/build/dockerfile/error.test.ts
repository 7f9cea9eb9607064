import { expect, test } from "bun:test";
import { DockerfileError } from "../../../src/build/dockerfile/error.ts";

const source = {
  file: "Dockerfile",
  lines: ["FROM alpine", "\tRUNN echo", "", "CMD \u001b[2J"],
  escape: "\\",
} as const;

function at(line: number, column: number, endLine: number, endColumn: number): DockerfileError {
  const location = { start: { line, column }, end: { line: endLine, column: endColumn } };
  return new DockerfileError({
    source,
    location,
    why: "unknown instruction: RUNN",
    hint: "did you mean RUN?",
  });
}

test("an error is docker's sentence, then the lines around it with a caret", () => {
  expect(at(2, 2, 2, 6).rendered).toBe(
    [
      "dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)",
      "Dockerfile:2:2",
      "   1 |     FROM alpine",
      "   2 | >>> \tRUNN echo",
      "     |     \t^^^^",
      "   3 |",
      "   4 |     CMD \ufffd[2J",
    ].join("\n"),
  );
  expect(at(2, 2, 2, 6)).toMatchObject({
    code: "DOCKERFILE_INVALID",
    line: 2,
    column: 2,
    at: "Dockerfile:2:2",
  });
});

test("several lines are marked and have no caret; an end behind the line is cut off", () => {
  expect(at(1, 1, 2, 3).snippet).toBe(
    [
      "Dockerfile:1:1",
      "   1 | >>> FROM alpine",
      "   2 | >>> \tRUNN echo",
      "   3 |",
      "   4 |     CMD \ufffd[2J",
    ].join("\n"),
  );
  expect(at(3, 1, 3, 9).snippet.split("\n")).toContain("     |     ^");
});
