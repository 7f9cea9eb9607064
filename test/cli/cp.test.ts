import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("inro cp", () => {
  const cli = cliEngine();
  const folder = temporaryFolder("cli");
  const here = (name: string) => join(folder.path, name);
  const ok = async (...words: string[]) => {
    expect(await cli.inro(...words)).toMatchObject({ code: 0, stderr: "" });
  };
  const sh = async (script: string) => (await cli.inro("exec", "box", "sh", "-c", script)).stdout;

  beforeAll(async () => {
    await cli.inro("run", "-d", "--name", "box", "busybox", "sleep", "600");
    await sh("mkdir -p /src/sub; echo one > /src/f; echo two > /src/sub/g; ln -s f /src/l; touch /src/empty");
  }, 60_000);

  afterAll(() => folder[Symbol.dispose]());

  test("a file to a new name, into a folder, over a file", async () => {
    await ok("cp", "box:/src/f", here("new"));
    expect(readFileSync(here("new"), "utf8")).toBe("one\n");
    mkdirSync(here("dir"));
    await ok("cp", "box:/src/f", here("dir"));
    expect(readFileSync(here("dir/f"), "utf8")).toBe("one\n");
    await ok("cp", "box:/src/sub/g", here("new"));
    expect(readFileSync(here("new"), "utf8")).toBe("two\n");
  });

  test("a folder to a new name, into a folder, its content only", async () => {
    await ok("cp", "box:/src", here("copy"));
    expect(readdirSync(here("copy")).sort()).toEqual(["empty", "f", "l", "sub"]);
    expect(readlinkSync(here("copy/l"))).toBe("f");
    mkdirSync(here("into"));
    await ok("cp", "box:/src", here("into"));
    expect(readdirSync(here("into"))).toEqual(["src"]);
    mkdirSync(here("content"));
    await ok("cp", "box:/src/.", here("content"));
    expect(readdirSync(here("content")).sort()).toEqual(["empty", "f", "l", "sub"]);
  });

  test("a link is copied as one, or followed with -L", async () => {
    await ok("cp", "box:/src/l", here("link"));
    expect(readlinkSync(here("link"))).toBe("f");
    await ok("cp", "-L", "box:/src/l", here("followed"));
    expect(readFileSync(here("followed"), "utf8")).toBe("one\n");
  });

  test("into the container: to a new name, into a folder, its content only, through a link", async () => {
    mkdirSync(here("up/deep"), { recursive: true });
    writeFileSync(here("up/deep/x"), "x".repeat(300_000));
    symlinkSync("deep/x", here("up/l"));
    await ok("cp", here("up"), "box:/tmp/named");
    await ok("cp", here("up"), "box:/tmp");
    await ok("cp", here("up/."), "box:/tmp/named");
    await ok("cp", here("up/deep/x"), "box:/tmp/file");
    await sh("ln -s /tmp /t");
    await ok("cp", here("up/deep/x"), "box:/t/through");
    await ok("cp", here("up/deep/x"), "box:tmp/relative");
    expect(await sh("wc -c < /tmp/named/deep/x; wc -c < /tmp/up/l; stat -c %u:%s /tmp/file; ls /tmp")).toBe(
      "300000\n300000\n0:300000\nfile\nnamed\nrelative\nthrough\nup\n",
    );
  });

  test("a stopped container as well", async () => {
    await cli.inro("create", "--name", "still", "busybox");
    writeFileSync(here("conf"), "configured");
    await ok("cp", here("conf"), "still:/etc/conf");
    await ok("cp", "still:/etc/conf", here("back"));
    expect(readFileSync(here("back"), "utf8")).toBe("configured");
    await cli.inro("rm", "still");
  });

  test("as tar, out and in", async () => {
    const [program = "", ...place] = cli.engine.command;
    const child = Bun.spawn(["sh", "-c", '"$@" cp box:/src - | tar t', "sh", program, ...place]);
    expect((await new Response(child.stdout).text()).trim().split("\n").sort()).toEqual([
      "src/",
      "src/empty",
      "src/f",
      "src/l",
      "src/sub/",
      "src/sub/g",
    ]);
    const tar = Bun.spawnSync(["tar", "-C", here("up"), "-cf", "-", "deep"]).stdout;
    expect(await cli.engine.inroWith({ input: tar }, "cp", "-", "box:/root")).toMatchObject({ code: 0 });
    expect(await sh("ls /root/deep")).toBe("x\n");
  });

  test("what cannot be is said, and nothing is written", async () => {
    writeFileSync(here("plain"), "");
    const fails = async (...words: string[]) => {
      const { code, stderr } = await cli.inro("cp", ...words);
      expect(code).toBe(1);
      return stderr;
    };
    expect(await fails("box:/none", here("x"))).toContain("/none");
    expect(await fails("nobody:/etc", here("x"))).toContain("No such container: nobody");
    expect(await fails(here("none"), "box:/tmp")).toContain("there is no such file or folder");
    expect(await fails("box:/src", here("plain"))).toContain("it is a file");
    expect(await fails("box:/src/f", here("no/such/folder/"))).toContain("there is no such folder");
    expect(await fails(here("up"), "box:/src/f")).toContain("it is a file");
    expect(await fails(here("plain"), here("x"))).toContain("exactly one side names a container");
    expect(existsSync(here("x"))).toBe(false);
  });
});
