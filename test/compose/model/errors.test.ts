/** What cannot be is refused with its place; docker compose refuses the same files, unless the table says why not. */
import { expect, test } from "bun:test";
import { ComposeError } from "../../../src/compose/file/error.ts";
import { refused } from "./errors.ts";
import { hasOracle, projectFrom, theirs, written } from "./support.ts";

function refusalOf(run: () => unknown): ComposeError {
  try {
    run();
  } catch (error) {
    if (error instanceof ComposeError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

for (const one of refused)
  test(`refused: ${one.name}`, () => {
    using files = written(one);
    const error = refusalOf(() => projectFrom(files, one.profiles));
    expect(error.code).toBe("COMPOSE_INVALID");
    expect(error.message).toBe(one.says);
    const [line = "", caret = ""] = (error.snippet ?? "").split("\n");
    expect(line).toContain(one.compose.split("\n")[error.place.line - 1]?.trim() ?? "nothing");
    expect(caret).toMatch(/^ +\^$/);
  });

for (const one of refused)
  test.skipIf(!hasOracle)(
    `docker compose ${one.accepts === undefined ? "refuses" : "takes"} it: ${one.name}`,
    async () => {
      using files = written(one);
      const { accepted } = await theirs(files, one.profiles ?? [], ["--quiet"]);
      expect(accepted).toBe(one.accepts !== undefined);
    },
  );
