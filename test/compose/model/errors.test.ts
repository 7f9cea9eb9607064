/** What cannot be is refused with its place; docker compose refuses the same files, unless the table says why not. */
import { expect, test } from "bun:test";
import { ComposeError } from "../../../src/compose/file/error.ts";
import { refused } from "./errors.ts";
import { hasOracle, projectFrom, projectOfText, theirs, written } from "./support.ts";

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

test("ports clash where an address has both", () => {
  const clash = (first: string, second: string) => {
    const compose = `services: {a: {image: a, ports: ["${first}"]}, b: {image: b, ports: ["${second}"]}}\n`;
    try {
      projectOfText(compose);
      return false;
    } catch {
      return true;
    }
  };
  expect(clash("80:1", "80:2")).toBe(true);
  expect(clash("127.0.0.1:80:1", "80:1")).toBe(true);
  expect(clash("0.0.0.0:80:1", "127.0.0.1:80:1")).toBe(true);
  expect(clash("[::]:80:1", "80:1")).toBe(true);
  expect(clash("127.0.0.1:80:1", "127.0.0.2:80:1")).toBe(false);
  expect(clash("0.0.0.0:80:1", "[::1]:80:1")).toBe(false);
  expect(clash("80:1", "80:1/udp")).toBe(false);
  expect(clash("80-81:1", "80:1")).toBe(false);
});

test("names of JavaScript's own are names like others", () => {
  const { services } = projectOfText(
    "services: {constructor: {image: x, environment: [__proto__=1], labels: {__proto__: a}, extra_hosts: [__proto__=10.0.0.1]}}\n",
  );
  const service = services.get("constructor");
  expect(Object.entries(service?.environment ?? {})).toEqual([["__proto__", "1"]]);
  expect(Object.entries(service?.labels ?? {})).toEqual([["__proto__", "a"]]);
  expect(Object.entries(service?.extra_hosts ?? {})).toEqual([["__proto__", ["10.0.0.1"]]]);
});
