import { expect, test } from "bun:test";
import { join } from "node:path";
import { COMMANDS } from "../../../src/runtime/command/commands.ts";
import { parseArguments } from "../../../src/runtime/command/options.ts";
import { parseStored, type StoredContainer } from "../../../src/runtime/command/stored.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { random, WORDS } from "./fuzz-words.ts";

const ROUNDS = Number(process.env["INRO_FUZZ_ROUNDS"] ?? 3000);

const good: StoredContainer = {
  version: 1,
  ociVersion: "1.3.0",
  id: "one",
  bundle: "/b",
  rootfs: "/b/rootfs",
  annotations: { a: "b" },
  pid: 4711,
  startTime: "123",
  boot: "b",
  cgroupPath: "/inro-runtime/one",
  cgroups: [{ version: 2, path: "/sys/fs/cgroup/inro-runtime/one", controllers: ["memory"] }],
  ownPids: true,
  created: "2026-01-01T00:00:00Z",
  owner: 0,
  gated: true,
  creating: false,
  hooks: { poststop: [{ path: "/bin/true" }] },
};

const WRONG: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2 ** 60,
  "",
  "..",
  "/a/../b",
  [],
  [null],
  {},
  { a: 1 },
  [[]],
];

/** Every place in a value, as a path of keys. */
function places(value: unknown, path: readonly string[] = []): string[][] {
  const own = path.length === 0 ? [] : [[...path]];
  if (typeof value !== "object" || value === null) return own;
  return [...own, ...Object.entries(value).flatMap(([key, member]) => places(member, [...path, key]))];
}

function changed(value: unknown, path: readonly string[], to: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  const copy = structuredClone(value) as Record<string, unknown>;
  if (rest.length > 0) copy[key] = changed(copy[key], rest, to);
  else if (to === undefined) delete copy[key];
  else copy[key] = to;
  return copy;
}

const parsed = (text: string): StoredContainer | undefined => {
  try {
    return parseStored(text, "one", "/state.json");
  } catch (cause) {
    expect(cause).toMatchObject({ code: "STATE_DAMAGED", message: expect.stringContaining("/state.json") });
    return undefined;
  }
};

test("a state is read as it was written, and none is believed that lacks a member or has one of another kind", () => {
  expect(parsed(JSON.stringify(good))).toEqual(good);
  for (const place of Object.keys(good))
    expect(parsed(JSON.stringify(changed(good, [place], undefined)))).toBeUndefined();
  for (const place of Object.keys(good)) {
    expect({ place, read: parsed(JSON.stringify(changed(good, [place], null))) }).toEqual({
      place,
      read: undefined,
    });
  }
  const elsewhere = changed(good, ["cgroups", "0", "path"], "/sys/fs/cgroup/../../etc");
  expect(parsed(JSON.stringify(elsewhere))).toBeUndefined();
});

test("whatever stands in state.json, it is a state or an error that names the file", () => {
  const next = random(20_261_125);
  const text = JSON.stringify(good);
  const all = places(good);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = Buffer.from(text);
    if (next(2) === 0) {
      const place = all[next(all.length)] as string[];
      const read = parsed(JSON.stringify(changed(good, place, WRONG[next(WRONG.length)])));
      if (read !== undefined) expect(read.id).toBe("one");
      continue;
    }
    for (let n = next(4); n >= 0; n--) bytes[next(bytes.length)] = next(256);
    parsed(bytes.toString("utf8", 0, next(3) === 0 ? next(bytes.length) : bytes.length));
  }
});

test("whatever stands on the command line, it is understood or refused", () => {
  const next = random(4711);
  const syntaxes = Object.values(COMMANDS);
  for (let round = 0; round < ROUNDS; round++) {
    const words = Array.from({ length: next(6) }, () => WORDS[next(WORDS.length)] as string);
    try {
      const { operands } = parseArguments(
        words,
        syntaxes[next(syntaxes.length)] as (typeof syntaxes)[number],
      );
      expect(words.slice(words.length - operands.length)).toEqual([...operands]);
    } catch (cause) {
      expect(cause).toMatchObject({ code: "USAGE" });
    }
  }
});

test("whatever a command is given, it ends with an exit code and a word of why", async () => {
  using room = temporaryFolder("fuzz");
  const script = join(import.meta.dir, "fuzz-commands.ts");
  const child = Bun.spawn([process.execPath, script, `${room.path}/none`, String(ROUNDS / 10)], {
    stdout: "ignore",
    stderr: "pipe",
  });
  const told = await child.stderr.text();
  expect({ code: await child.exited, last: told.slice(-500) }).toEqual({ code: 0, last: expect.any(String) });
  for (const line of told.trim().split("\n")) expect(line).toMatch(/^inro-runtime: .+: .+/);
});
