import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chownSync,
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

  test("-a gives what is copied to the container's user; where it has none, owners stay", async () => {
    writeFileSync(here("owned"), "");
    chownSync(here("owned"), 8, 9);
    await ok("cp", "-a", here("owned"), "box:/root/kept");
    expect(await sh("stat -c %u:%g /root/kept")).toBe("8:9\n");
    await ok("run", "-d", "--name", "user", "-u", "5:6", "busybox", "sleep", "600");
    await ok("cp", "-a", here("owned"), "user:/tmp/given");
    expect((await cli.inro("exec", "user", "stat", "-c", "%u:%g", "/tmp/given")).stdout).toBe("5:6\n");
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

  test("several sources and patterns into a folder; a pattern is looked up inside, and links do not lead out", async () => {
    await sh(
      "mkdir -p /many/a /many/b /many/.hid; echo 1 >/many/a/x.log; echo 2 >/many/b/y.log; echo 3 >/many/a/z.txt;" +
        "echo 4 >'/many/[odd]*'; echo 5 >/many/.dot; ln -s /etc /many/out; ln -s ../../../../etc /many/up; echo 6 >/etc/in.conf",
    );
    const into = (name: string) => {
      mkdirSync(here(name));
      return here(name);
    };
    await ok("cp", "box:/many/*/*.log", "box:/src/f", into("several"));
    expect(readdirSync(here("several")).sort()).toEqual(["f", "x.log", "y.log"]);
    await ok("cp", "box:/many/a/?.[!l]*", into("sets"));
    expect(readdirSync(here("sets"))).toEqual(["z.txt"]);
    // A name that is there as it is written is no pattern; what begins with a dot has to be asked for.
    await ok("cp", "box:/many/[odd]*", here("odd"));
    expect(readFileSync(here("odd"), "utf8")).toBe("4\n");
    await ok("cp", "box:/many/.d*", into("dots"));
    expect(readdirSync(here("dots"))).toEqual([".dot"]);
    // The host has no /etc/in.conf: both links were followed inside the container.
    expect(existsSync("/etc/in.conf")).toBe(false);
    for (const link of ["out", "up"]) {
      await ok("cp", `box:/many/${link}/in*.conf`, into(`at-${link}`));
      expect(readdirSync(here(`at-${link}`))).toEqual(["in.conf"]);
    }
    writeFileSync(here("one"), "1");
    writeFileSync(here("two"), "2");
    await ok("cp", here("one"), here("two"), here("dir"), "box:/tmp");
    expect(await sh("cat /tmp/one /tmp/two; ls -d /tmp/dir")).toBe("12/tmp/dir\n");
    await cli.inro("stop", "-t", "0", "box");
    await ok("cp", "box:/many/b/*", into("resting"));
    expect(readdirSync(here("resting"))).toEqual(["y.log"]);
    await cli.inro("start", "box");
    for (const [words, why] of [
      [["box:/many/*.nothing", here("dir")], 'nothing in "box" is meant by'],
      [["box:/many/*/*.log", here("nowhere")], "there is no such folder"],
      [["box:/src/f", "box:/src/l", here("one")], "there is no such folder"],
      [[here("one"), here("two"), "box:/src/f"], "the container has no such folder"],
      [["box:/many/*/*.log", "-"], "one tar holds one source only"],
      [["box:/many/../*", here("dir")], "it leads upwards"],
      [[here("one"), "box:/src/f", "box:/tmp"], "exactly one side"],
      [["nobody:/x*", here("dir")], "No such container: nobody"],
    ] as const) {
      const refused = await cli.inro("cp", ...words);
      expect({ words, code: refused.code }).toEqual({ words, code: 1 });
      expect(refused.stderr).toContain(why);
    }
  }, 30_000);

  test("a pattern takes no longer for being malicious", async () => {
    await sh("touch /many/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    const begun = performance.now();
    const refused = await cli.inro("cp", `box:/many/${"a*".repeat(60)}b`, here("dir"));
    expect(refused.stderr).toContain("is meant by");
    expect(performance.now() - begun).toBeLessThan(5000);
  }, 30_000);
});
