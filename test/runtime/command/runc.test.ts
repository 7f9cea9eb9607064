import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { libraryFolders } from "../../../bench/programs.ts";
import { toolRoot } from "../../support/tools.ts";
import { canRun } from "../container.ts";
import { commandLine, type Ran, sleeping } from "./bundle.ts";

const root = toolRoot("dockerd") ?? "";
const runc = ["usr/sbin/runc", "usr/bin/runc"].map((path) => join(root, path)).find(existsSync);

const inro = commandLine("runc");
afterAll(() => inro[Symbol.asyncDispose]());

let count = 0;

/** Debian's runc, with a root of its own. */
const theirs = (...words: string[]): Promise<Ran> => alone(runcWords, words);

const runcWords = [runc ?? "", "--root", join(inro.path, "runc")];

async function alone(program: readonly string[], words: readonly string[]): Promise<Ran> {
  const [out, err] = [join(inro.path, `runc-out${++count}`), join(inro.path, `runc-err${count}`)];
  const child = Bun.spawn([...program, ...words], {
    stdio: ["ignore", Bun.file(out), Bun.file(err)],
    env: { ...process.env, LD_LIBRARY_PATH: libraryFolders(root).join(":") },
    timeout: 20_000,
  });
  const code = await child.exited;
  return { code, stdout: await Bun.file(out).text(), stderr: await Bun.file(err).text() };
}

/** A life in which everything is also asked for at the wrong time; ID and BUNDLE are put in. */
const LIFE: readonly string[] = [
  ...["state ID", "create -b BUNDLE ID", "create -b BUNDLE ID", "state ID", "exec ID true", "resume ID"],
  ...[
    "start ID",
    "start ID",
    "state ID",
    "list -q",
    "list -f json",
    "list -f xml",
    "ps -f json ID",
    "ps -f xml ID",
  ],
  ...[
    "exec ID sh -c exit_7",
    "exec ID sh -c kill_-9_$$",
    "exec ID nosuch",
    "exec ID /nosuch",
    "exec ID /tmp",
  ],
  ...["exec ID", "exec", "exec -t -d ID true", "exec --cwd /nosuch ID true", "exec --user 1:2 -g 3 ID id"],
  ...["exec --console-socket /x ID true", "exec --process /nosuch ID"],
  ...["update --memory 64m ID", "update --memory much ID", "update -r /nosuch ID", "events --stats ID"],
  ...[
    "pause ID",
    "pause ID",
    "state ID",
    "exec ID true",
    "kill ID 0",
    "start ID",
    "delete ID",
    "resume ID",
    "resume ID",
  ],
  ...[
    "delete ID",
    "kill ID FOO",
    "kill ID 0",
    "kill ID KILL",
    "WAIT",
    "state ID",
    "kill ID KILL",
    "kill -a ID KILL",
  ],
  ...["exec ID true", "start ID", "pause ID", "resume ID", "update --memory 64m ID", "events --stats ID"],
  ...["list -f json", "delete ID", "delete ID", "delete -f ID", "kill ID", "state ID", "ps ID", "events ID"],
  ...[
    "frobnicate",
    "create --frob ID",
    "create",
    "create a b",
    "create -b /nosuch ID",
    "create -b BUNDLE a/b",
  ],
  ...[
    "run -b BUNDLE --console-socket /x ID",
    "state",
    "list x",
    "kill",
    "--log-format xml list",
    "--version",
  ],
];

describe.skipIf(!canRun || runc === undefined)("beside the real runc", () => {
  test("everything succeeds and fails as with runc, with its exit codes", async () => {
    const { id, path } = inro.bundle(sleeping);
    const told: string[] = [];
    const codesOf = async (run: (...words: string[]) => Promise<Ran>): Promise<string[]> => {
      const codes: string[] = [];
      for (const line of LIFE) {
        const words = line
          .split(" ")
          .map((word) => word.replace(/_/g, " ").replace("ID", id).replace("BUNDLE", path));
        if (line === "WAIT") await Bun.sleep(300);
        else codes.push(`${line}: ${(await run(...words)).code}`);
      }
      told.push(...codes);
      return codes;
    };
    const expected = await codesOf(theirs);
    expect(await codesOf(inro)).toEqual(expected);
  }, 60_000);

  test("a program's umask is the usual one, whatever its caller's is", async () => {
    const { id, path } = inro.bundle({ args: ["sh", "-c", "umask"] });
    for (const program of [runcWords, inro.words]) {
      const masked = ["sh", "-c", 'umask 077; exec "$@"', "sh", ...program];
      expect(await alone(masked, ["run", "-b", path, id])).toMatchObject({ code: 0, stdout: "0022\n" });
      await alone(program, ["delete", "-f", id]);
    }
  }, 60_000);

  test("its JSON has the members of runc's, of the same kinds", async () => {
    const shapes = async (run: (...words: string[]) => Promise<Ran>) => {
      const { id, path } = inro.bundle(sleeping, { annotations: { "org.example": "yes" } });
      await run("create", "-b", path, id);
      await run("start", id);
      const state = JSON.parse((await run("state", id)).stdout);
      const [entry] = JSON.parse((await run("list", "-f", "json")).stdout);
      const event = JSON.parse((await run("events", "--stats", id)).stdout);
      await run("delete", "-f", id);
      return { state, entry, event };
    };
    const [ours, runcs] = [await shapes(inro), await shapes(theirs)];
    expect(Object.keys(ours.state)).toEqual(expect.arrayContaining(Object.keys(runcs.state)));
    expect(Object.keys(ours.entry).sort()).toEqual(Object.keys(runcs.entry).sort());
    // A cpuset is joined when a limit of it is asked for: until then there is none to tell of.
    const lacks = missing(runcs.event, ours.event).filter((at) => !at.startsWith("/data/cpuset/"));
    expect(lacks).toEqual([]);
  }, 60_000);

  test("the table of list has its columns where runc has them", async () => {
    const { id, path } = inro.bundle(sleeping);
    const columns = async (run: (...words: string[]) => Promise<Ran>) => {
      await run("create", "-b", path, id);
      const [head = ""] = (await run("list")).stdout.split("\n");
      await run("delete", "-f", id);
      return [...head.matchAll(/\S+/g)].slice(0, 5).map((match) => match.index);
    };
    expect(await columns(inro)).toEqual(await columns(theirs));
  }, 60_000);
});

/** Members that `given` lacks or that are of another kind there. What is zero may be left out, in either. */
function missing(wanted: unknown, given: unknown, at = ""): string[] {
  if (typeof wanted === "number" && given === undefined) return [];
  if (typeof wanted !== typeof given || Array.isArray(wanted) !== Array.isArray(given)) return [at];
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) return [];
  return Object.entries(wanted).flatMap(([key, value]) =>
    missing(value, (given as Record<string, unknown>)[key], `${at}/${key}`),
  );
}
