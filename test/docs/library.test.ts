import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxArchive, busyboxMissing } from "../engine/busybox.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

const root = join(import.meta.dir, "../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");

/** The examples of docs/LIBRARY.md by what they begin with, as programs of somebody else's. */
const examples = [...text("docs/LIBRARY.md").matchAll(/```ts\n([\s\S]*?)```/g)].map(
  (match) => match[1] ?? "",
);
/** What src/index.ts shows. */
const shown = (/```ts\n([\s\S]*?) \* ```/.exec(text("src/index.ts"))?.[1] ?? "").replace(/^ \* ?/gm, "");

const opening = [shown, ...examples].filter((example) => example.includes("Engine.open"));
const connecting = examples.filter((example) => !example.includes("Engine.open"));

/** What each has to print. */
const printed: Readonly<Record<string, string>> = {
  "the first": "hello\n0\n",
  "a program and its neighbours": "0 hello\nlibrary-kept\n",
  streams: "a sample\nstdout typed\ntrue\n",
  files: "busybox\ntrue\n",
  images: "Loaded image: library:copy\n404\n",
};

/** A folder in which the library is installed. */
function user(): Disposable & { readonly path: string } {
  const folder = temporaryFolder("library");
  mkdirSync(join(folder.path, "node_modules"));
  symlinkSync(root, join(folder.path, "node_modules/inro"));
  writeFileSync(join(folder.path, "package.json"), '{"type": "module"}');
  return folder;
}

describe.skipIf(rootMissing)("Engine.open", () => {
  test.each(opening.map((example, i) => [i, example] as const))(
    "example %i runs as it is written, and its process ends by itself",
    async (_, example) => {
      using host = await ownHost();
      using folder = user();
      const program = join(folder.path, "example.ts");
      writeFileSync(program, example.replaceAll("/tmp/", `${folder.path}/`));
      const { code, stdout, stderr } = await host.run(process.execPath, [program], { timeout: 20_000 });
      expect(stderr).toBe("");
      expect(stdout).toMatch(/code: 0|ended with 0\nand its plan is here/);
      expect(code).toBe(0);
    },
    30_000,
  );
});

describe.skipIf(rootMissing || busyboxMissing)("Engine.connect", () => {
  const host: Host = machine();
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await testEngine(host);
    await engine.inroWith({ input: busyboxArchive() }, "load");
  }, 60_000);
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
  }, 60_000);
  const run = (program: string, file: string) =>
    host.run(program, [file], { timeout: 30_000, env: { INRO_HOST: `unix://${engine.socket}` } });

  test("every example says here what it prints", () => {
    expect(connecting).toHaveLength(Object.keys(printed).length);
  });

  test.each(
    Object.entries(printed).map(([name, expected], i) => [name, connecting[i] ?? "", expected] as const),
  )(
    "%s example runs under Bun and under Node as it is written, and leaves nothing",
    async (_, example, expected) => {
      using folder = user();
      const program = join(folder.path, "example.ts");
      writeFileSync(program, example);
      expect(await run(process.execPath, program)).toEqual({ code: 0, stdout: expected, stderr: "" });
      // What a bundler for Node does with types and `await using`.
      const built = await Bun.build({ entrypoints: [program], target: "node", external: ["inro"] });
      const script = join(folder.path, "example.js");
      writeFileSync(script, await (built.outputs[0]?.text() ?? ""));
      expect(await run("node", script)).toEqual({ code: 0, stdout: expected, stderr: "" });
      expect((await engine.inro("ps", "-aq")).stdout).toBe("");
      expect((await engine.inro("volume", "ls", "-q")).stdout).toBe("");
    },
    60_000,
  );

  test("nobody there is said as such", async () => {
    const { Engine } = await import("../../src/index.ts");
    await expect(Engine.connect("/no/such/sock")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await expect(Engine.connect("tcp://somewhere:2375")).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });

  test("ports, terminals, programs that fail, and a loop that is left ends its request", async () => {
    const { Engine } = await import("../../src/index.ts");
    await using client = await Engine.connect(engine.socket);
    await using web = await client.run({
      ...{ image: "busybox", command: ["sleep", "600"], tty: true, network: "none" },
      labels: { a: "b" },
    });
    expect(await web.exec(["sh", "-c", "echo out; echo err >&2; exit 7"])).toEqual({
      code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    await using shell = await web.spawn(["sh", "-c", "read x; echo got $x; exit 3"], { tty: true });
    await shell.write("word\n");
    let said = "";
    for await (const { bytes } of shell) said += Buffer.from(bytes).toString();
    expect(said).toContain("got word");
    expect(await shell.exitCode()).toBe(3);
    expect(await client.containers.list({ filters: { label: ["a=b"] } })).toHaveLength(1);
    await expect(client.run({ image: "busybox", command: ["no-such-program"] })).rejects.toThrow(
      /executable file not found/,
    );
    await expect(client.run({ image: "none/such:1", pull: false })).rejects.toMatchObject({ status: 404 });
    await web.kill();
    expect(await web.wait()).toEqual({ code: 137, error: "" });
    expect(await client.containers.list({ all: true })).toHaveLength(1);
  }, 30_000);
});
