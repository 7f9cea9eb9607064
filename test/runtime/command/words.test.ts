import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canRun } from "../container.ts";
import { commandLine, folder, sleeping } from "./bundle.ts";

const inro = commandLine("words");
afterAll(() => inro[Symbol.asyncDispose]());

describe("what the command line understands", () => {
  test("a wrong word, flag, value or bundle is named", async () => {
    const refused = async (why: string, ...words: string[]) =>
      expect(await inro(...words)).toMatchObject({ code: 1, stderr: expect.stringContaining(why) });
    expect(await inro("creat", "x")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("no such command"),
    });
    await refused('"--nosuch"', "create", "--nosuch", "x");
    await refused("it needs a value", "create", "--bundle");
    await refused("neither true nor false", "--rootless", "perhaps", "list");
    await refused("neither true nor false", "list", "--quiet=perhaps");
    await refused("formats are text and json", "--log-format", "xml", "list");
    await refused("formats are table and json", "list", "--format", "xml");
    await refused("it takes exactly 1", "create");
    await refused("it takes exactly 1", "state", "a", "b");
    await refused("it takes at most 2", "kill", "a", "9", "b");
    await refused("/nosuch/config.json", "create", "-b", "/nosuch", "x");
    await refused("container id", "state", "../x");
    await refused("container id", "state", "");
    await refused("between 0 and", "run", "-b", inro.bundle(sleeping).path, "--preserve-fds", "5000", "x");
  });

  test("what callers always write is taken; what would make another container than asked for is refused", async () => {
    const taken = ["--debug", "--criu", "/usr/sbin/criu", "--rootless=auto", "--rootless", "true"];
    expect(await inro(...taken, "--systemd-cgroup=false", "list", "-q")).toMatchObject({ code: 0 });
    const { id, path } = inro.bundle(sleeping);
    expect(await inro("--systemd-cgroup", "create", "-b", path, id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cgroupfs driver"),
    });
    expect(await inro("create", "--no-pivot", "-b", path, id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("pivot_root"),
    });
    for (const command of ["checkpoint", "restore"]) {
      expect(await inro(command, "--image-path", "/x", id)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`cannot ${command} a container`),
      });
    }
  });

  test.skipIf(!canRun)("--debug tells the plan, in the log if there is one", async () => {
    const { id, path } = inro.bundle({ args: ["echo", "said"] });
    const log = join(path, "log");
    const words = ["--debug", "--log", log, "--log-format", "json"];
    expect(await inro(...words, "run", "-b", path, id)).toEqual({ code: 0, stdout: "said\n", stderr: "" });
    const lines = readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.every(({ level }) => level === "debug")).toBe(true);
    expect(lines.map(({ msg }) => msg).join("\n")).toMatch(/^host .*\n(.*\n)+become .* exec .*said/);
    const onStderr = await inro("--debug", "run", "-b", path, id);
    expect(onStderr.stderr).toMatch(/^inro-runtime: debug: host /);
  });

  test("help names every command and its flags", async () => {
    const all = (await inro("--help")).stdout;
    for (const name of "create start run exec state list ps kill delete pause resume update events spec features".split(
      " ",
    )) {
      expect(all).toContain(`  ${name} `);
      const one = await inro(name, "--help");
      expect(one).toMatchObject({ code: 0, stdout: expect.stringContaining(`usage: inro-runtime ${name}`) });
    }
    expect((await inro("help", "exec")).stdout).toContain("--env VALUE …, -e");
    expect((await inro("--version")).stdout).toMatch(/^inro-runtime version .*\nspec: 1\.3\.0\n$/);
  }, 20_000);

  test("features says what this runtime can do", async () => {
    const features = JSON.parse((await inro("features")).stdout);
    expect(features).toMatchObject({ ociVersionMax: "1.3.0", linux: { seccomp: { enabled: true } } });
    expect(features.mountOptions).toContain("rro");
  });

  test("spec writes a config.json, once, and another for users without privileges", async () => {
    const path = folder(join(inro.path, "spec"));
    expect(await inro("spec", "--bundle", path)).toEqual({ code: 0, stdout: "", stderr: "" });
    const spec = JSON.parse(readFileSync(join(path, "config.json"), "utf8"));
    expect(spec).toMatchObject({ ociVersion: "1.3.0", process: { args: ["sh"], terminal: true } });
    expect(await inro("spec", "-b", path)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("it exists already"),
    });
    const own = folder(join(inro.path, "rootless"));
    await inro("spec", "--rootless", "-b", own);
    const { linux, mounts } = JSON.parse(readFileSync(join(own, "config.json"), "utf8"));
    expect(linux.namespaces.map(({ type }: { type: string }) => type)).toContain("user");
    expect(linux.namespaces.map(({ type }: { type: string }) => type)).not.toContain("network");
    expect(linux.uidMappings).toEqual([{ containerID: 0, hostID: process.geteuid?.(), size: 1 }]);
    expect(linux).not.toHaveProperty("resources");
    expect(JSON.stringify(mounts)).not.toContain("gid=5");
  });

  test.skipIf(!canRun)("what spec writes can be run", async () => {
    const { id, path } = inro.bundle({});
    await Bun.$`rm ${join(path, "config.json")}`;
    await inro("spec", "-b", path);
    const file = join(path, "config.json");
    const text = readFileSync(file, "utf8").replace('"terminal": true', '"terminal": false');
    await Bun.write(file, text.replace('"sh"', '"hostname"'));
    expect(await inro("run", "-b", path, id)).toEqual({ code: 0, stdout: "inro\n", stderr: "" });
  });

  test.skipIf(!canRun)("list prints a table whose columns align, or JSON with an owner", async () => {
    const { id, path } = inro.bundle(sleeping, { annotations: { "org.example": "yes" } });
    await inro("create", "-b", path, id);
    const [head = "", row = ""] = (await inro("list")).stdout.split("\n");
    const at = (name: string) => head.indexOf(name);
    expect(head.split(/\s+/)).toEqual(["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]);
    expect(at("PID")).toBe(Math.max(12, id.length + 3));
    expect([row.slice(at("STATUS")).split(" ")[0], row.slice(at("OWNER"))]).toEqual(["created", "root"]);
    const [entry] = JSON.parse((await inro("list", "-f", "json")).stdout);
    expect(entry).toMatchObject({
      id,
      status: "created",
      owner: "root",
      annotations: { "org.example": "yes" },
    });
    expect((await inro("list", "--quiet")).stdout).toBe(`${id}\n`);
    await inro("delete", "-f", id);
  });
});
