import { expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A checkout whose set-up only says that it ran, and whose programs say what they were called with. */
function checkout(folder: string): void {
  for (const part of ["build", "scripts", ".git/logs", "elsewhere"])
    mkdirSync(join(folder, part), { recursive: true });
  copyFileSync(join(import.meta.dir, "../../inro"), join(folder, "inro"));
  symlinkSync("inro", join(folder, "inro-runtime"));
  for (const name of ["inro", "inro-runtime"]) {
    writeFileSync(join(folder, "build", name), `#!/bin/sh\necho ${name} "$@"\n`);
    chmodSync(join(folder, "build", name), 0o755);
  }
  const setup = `import { writeFileSync } from "node:fs";
    writeFileSync(new URL("../build/stamp", import.meta.url), "");
    console.error("set up");`;
  writeFileSync(join(folder, "scripts/setup.mjs"), setup);
  for (const name of ["package-lock.json", ".git/logs/HEAD"]) touch(folder, name, -10);
}

const touch = (folder: string, name: string, seconds: number) => {
  const path = join(folder, name);
  writeFileSync(path, "");
  utimesSync(path, Date.now() / 1000 + seconds, Date.now() / 1000 + seconds);
};

test("./inro sets up when it has to, and only then", async () => {
  using folder = temporaryFolder("launcher");
  checkout(folder.path);
  const inro = (name = "inro") => machine().run(join(folder.path, name), ["run", "a b"]);
  const withSetup = { code: 0, stdout: "inro run a b\n", stderr: "set up\n" };
  const without = { ...withSetup, stderr: "" };
  expect(await inro()).toEqual(withSetup);
  expect(await inro()).toEqual(without);
  touch(folder.path, ".git/logs/HEAD", 1);
  expect(await inro()).toEqual(withSetup);
  touch(folder.path, ".git/logs/HEAD", -10);
  touch(folder.path, "package-lock.json", 1);
  expect(await inro()).toEqual(withSetup);
});

test("it is found through a link from elsewhere, and by its other name", async () => {
  using folder = temporaryFolder("launcher");
  checkout(folder.path);
  symlinkSync("../inro", join(folder.path, "elsewhere/docker"));
  await machine().run(join(folder.path, "inro"), []);
  const linked = await machine().run(join(folder.path, "elsewhere/docker"), ["ps"]);
  expect(linked).toEqual({ code: 0, stdout: "inro ps\n", stderr: "" });
  const runtime = await machine().run(join(folder.path, "inro-runtime"), ["state"]);
  expect(runtime).toEqual({ code: 0, stdout: "inro-runtime state\n", stderr: "" });
});

test("a set-up that fails ends it with 125, and nothing old is run", async () => {
  using folder = temporaryFolder("launcher");
  checkout(folder.path);
  writeFileSync(join(folder.path, "scripts/setup.mjs"), "process.exit(1)");
  expect(await machine().run(join(folder.path, "inro"), ["ps"])).toEqual({
    code: 125,
    stdout: "",
    stderr: "",
  });
});

test("npm runs no package's scripts here, whoever calls it: Bun stays where its launcher looks", async () => {
  const root = join(import.meta.dir, "../..");
  const { stdout } = await machine().run("npm", ["config", "get", "ignore-scripts", "--prefix", root]);
  expect(stdout).toBe("true\n");
});
