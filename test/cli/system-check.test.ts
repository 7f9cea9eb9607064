import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("inro system check", () => {
  const c = cliEngine();

  const root = (...names: string[]) => join(c.engine.dataRoot, ...names);
  const check = async (...words: string[]) => {
    const { code, stdout } = await c.inro("system", "check", "--json", ...words);
    return { code, ...JSON.parse(stdout) } as {
      code: number;
      Findings: { Kind: string; What: string; Done: string | null }[];
    };
  };
  const kinds = async (...words: string[]) => (await check(...words)).Findings.map(({ Kind }) => Kind);

  test("says in one line that nothing is wrong, and exits with 0", async () => {
    const { code, stdout } = await c.inro("system", "check");
    expect(stdout).toMatch(
      /^Nothing is wrong: \d+ blobs \(.*\), \d+ unpacked layers and 0 containers were checked\.\n$/,
    );
    expect(code).toBe(0);
  });

  test("tells each finding in a line with what to do, exits with 1, and with 0 after a repair", async () => {
    writeFileSync(root("blobs/sha256/left"), "over");
    const found = await c.inro("system", "check");
    expect(found.stdout).toMatch(
      /^\S+\/left: no image leads to it: it was left behind \(with --repair it is removed; .*\)\n1 of 1 findings need/,
    );
    expect(found.code).toBe(1);
    const repaired = await c.inro("system", "check", "--repair");
    expect(repaired.stdout).toMatch(/\/left: .* \(removed\)\nAll 1 findings are repaired: /);
    expect(repaired.code).toBe(0);
    expect(existsSync(root("blobs/sha256/left"))).toBe(false);
  });

  test("a container whose image or folder is gone is named", async () => {
    expect((await c.inro("create", "--name", "lone", "busybox", "true")).code).toBe(0);
    const id = JSON.parse((await c.inro("inspect", "lone")).stdout)[0].Id;
    rmSync(root("containers", id), { recursive: true });
    const { manifests } = JSON.parse(readFileSync(root("index.json"), "utf8"));
    const { digest } = manifests.find((each: { annotations: object }) =>
      JSON.stringify(each).includes("busybox"),
    );
    rmSync(root("blobs", digest.replace(":", "/")));
    await c.engine.kill();
    await c.engine.serve();
    const { Findings, code } = await check("--repair");
    expect(code).toBe(1);
    const told = Findings.map(({ Kind, What }) => `${Kind} ${What}`).sort();
    expect(told.filter((line) => line.startsWith("container"))).toEqual([
      "container-files-missing container lone",
      "container-image-missing container lone",
    ]);
    // Its layers stay, whatever is repaired: somebody needs them.
    await c.inro("rm", "-f", "lone");
  });

  test("a broken row of the records hides its container, and its files are put aside by a repair", async () => {
    await c.inro("rm", "-f", "lone");
    expect((await check("--repair")).code).toBe(0);
    const { busyboxArchive } = await import("../clients/busybox.ts");
    await c.engine.inroWith({ input: busyboxArchive() }, "load");
    await c.inro("volume", "create", "kept");
    await c.inro(
      "run",
      "--name",
      "hurt",
      "-v",
      "kept:/data",
      "busybox",
      "sh",
      "-c",
      "echo mine > /file; echo v > /data/v",
    );
    const id = JSON.parse((await c.inro("inspect", "hurt")).stdout)[0].Id;
    await c.engine.kill();
    const database = new Database(root("inro.db"));
    database.query("UPDATE containers SET origin = substr(origin, 1, 20) WHERE id = ?").run(id);
    database.query("UPDATE volumes SET record = '[]' WHERE name = 'kept'").run();
    database.close();
    await c.engine.serve();
    expect((await c.inro("ps", "-aq")).stdout).toBe("");
    expect((await c.inro("run", "--rm", "busybox", "true")).code).toBe(0);
    expect(await kinds()).toEqual(["record-damaged", "record-damaged"]);
    const { Findings, code } = await check("--repair");
    expect(Findings.map(({ What, Done }) => `${What}: ${Done}`)).toEqual([
      `record of container ${id}: its files are in ${root("salvaged", id)}`,
      "record of volume kept: written anew",
    ]);
    expect(code).toBe(0);
    expect(readFileSync(root("salvaged", id, "upper/file"), "utf8")).toBe("mine\n");
    expect(readFileSync(root("volumes/kept/_data/v"), "utf8")).toBe("v\n");
    expect((await c.inro("volume", "ls", "-q")).stdout).toBe("kept\n");
    expect(await kinds()).toEqual([]);
  });

  test("an index.json that cannot be read keeps no engine from starting, and is made anew", async () => {
    writeFileSync(root("index.json"), `\0${readFileSync(root("index.json"), "utf8")}`);
    await c.engine.kill();
    await c.engine.serve();
    expect((await c.inro("run", "--rm", "busybox", "true")).stderr).toContain("inro system check --repair");
    expect(await kinds()).toEqual(["index-damaged"]);
    expect((await c.inro("system", "check", "--repair")).code).toBe(0);
    expect((await c.inro("run", "--rm", "busybox", "echo", "back")).stdout).toBe("back\n");
    expect(await kinds()).toEqual([]);
  });
});
