import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Screen, screen } from "../clients/screen.ts";
import { machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tool, toolRoot } from "../support/tools.ts";
import { cliEngine, engineMissing } from "./engine.ts";

const [zsh, fish] = [toolRoot("zsh") ?? "", toolRoot("fish") ?? ""];

describe.skipIf(engineMissing)("completion", () => {
  const cli = cliEngine();
  const folder = temporaryFolder("completion");
  const host = machine();
  /** What a shell finds: this program under its name, and the engine of the test. */
  const env = () => ({
    PATH: `${folder.path}:${process.env["PATH"]}`,
    HOME: folder.path,
    INRO_DATA_ROOT: cli.engine.dataRoot,
    INRO_EXEC_ROOT: cli.engine.execRoot,
    DOCKER_HOST: "",
  });
  const words = async (...line: string[]) => {
    const { stdout, stderr } = await host.run("inro", ["__complete", "--", ...line], { env: env() });
    expect(stderr).toBe("");
    return stdout.split("\n").flatMap((each) => each.split("\t")[0] || []);
  };
  const script = (shell: string) => join(folder.path, `${shell}.script`);

  beforeAll(async () => {
    symlinkSync(cli.engine.command[0] ?? "", join(folder.path, "inro"));
    for (const name of ["web-1", "web-2"])
      await cli.inro("run", "-d", "--name", name, "busybox", "sleep", "600");
    await cli.inro("create", "--name", "web-idle", "busybox", "true");
    await cli.inro("tag", "busybox", "127.0.0.1:5000/team/app:v1");
    await cli.inro("volume", "create", "website");
    await cli.inro("network", "create", "webs");
    for (const shell of ["bash", "zsh", "fish"])
      writeFileSync(script(shell), (await cli.inro("completion", shell)).stdout);
    writeFileSync(join(folder.path, "webfile.tar"), "");
  }, 60_000);
  afterAll(() => folder[Symbol.dispose]());

  test("knows verbs, nouns, options, and what there is, from the words of help", async () => {
    expect(await words("ru")).toEqual(["run"]);
    expect(await words("net")).toEqual(["network"]);
    expect(await words("")).toContain("edit");
    expect(await words("")).not.toContain("__complete");
    expect(await words("volume", "")).toEqual(
      expect.arrayContaining(["create", "ls", "inspect", "prune", "rm"]),
    );
    expect(await words("run", "--netw")).toEqual(["--network", "--network-alias", "--network-bandwidth"]);
    expect(await words("-")).toContain("--host");
    expect(await words("run", "--network", "web")).toEqual(["webs"]);
    expect(await words("run", "--network=web")).toEqual(["--network=webs"]);
    expect(await words("run", "--restart", "")).toEqual(["no", "on-failure", "always", "unless-stopped"]);
    expect(await words("run", "-it", "--rm", "-e", "A=b", "bus")).toEqual(["busybox"]);
    expect(await words("run", "-v", "web")).toEqual(["website:", ":files", ":open"]);
    expect(await words("run", "busybox", "--na")).toEqual([]);
    expect(await words("stop", "web")).toEqual(["web-2", "web-1"]);
    expect(await words("stop", "web-1", "web")).toEqual(["web-2"]);
    expect(await words("start", "web")).toEqual(["web-idle"]);
    expect((await words("rm", "web")).sort()).toEqual(["web-1", "web-2", "web-idle"]);
    expect(await words("--debug", "container", "unpause", "")).toEqual([]);
    expect(await words("network", "connect", "webs", "web-1")).toEqual(["web-1"]);
    expect(await words("volume", "rm", "")).toEqual(["website"]);
    expect((await words("inspect", "web")).sort()).toEqual(["web-1", "web-2", "web-idle", "webs", "website"]);
    expect(await words("rmi", "127.0.0.1:5000/te")).toEqual(["127.0.0.1:5000/team/app:v1"]);
    expect(await words("kill", "-s", "SIGUS")).toEqual(["SIGUSR1", "SIGUSR2"]);
    expect(await words("load", "-i", "")).toEqual([":files"]);
    expect(await words("cp", "web-i")).toEqual(["web-idle:", ":files", ":open"]);
    expect(await words("help", "sto")).toEqual(["stop"]);
    expect(await words("nosuch", "x", "")).toEqual([]);
    expect(await words("compose", "-f", "x", "--pro")).toEqual([
      ...["--project-name", "--project-directory", "--profile", "--progress"],
    ]);
    expect(await words("compose", "-p", "x", "up", "--wai")).toEqual(["--wait", "--wait-timeout"]);
    expect(await words("compose", "--progress", "")).toEqual(["auto", "tty", "plain", "json", "quiet"]);
    expect(await words("compose", "unp")).toEqual(["unpause"]);
    writeFileSync(
      join(folder.path, "compose.yaml"),
      "services: { webby: { image: a }, other: { image: b } }",
    );
    const here = { env: { ...env(), COMPOSE_FILE: join(folder.path, "compose.yaml") } };
    const service = await host.run("inro", ["__complete", "--", "compose", "logs", "-f", "web"], here);
    expect(service).toEqual({ code: 0, stdout: "webby\ta\n", stderr: "" });
  }, 30_000);

  test("is silent, quick, and starts nothing where no engine listens", async () => {
    using empty = temporaryFolder("nobody");
    const nobody = { ...env(), INRO_DATA_ROOT: join(empty.path, "d"), INRO_EXEC_ROOT: join(empty.path, "r") };
    for (const wrong of [
      nobody,
      { ...env(), INRO_HOST: "tcp://1.2.3.4:1" },
      { ...env(), DOCKER_CONTEXT: "no" },
    ]) {
      const ask = await host.run("inro", ["__complete", "--", "stop", ""], { env: wrong });
      expect(ask).toMatchObject({ code: 0, stderr: "" });
    }
    expect(await host.run("ls", ["-A", empty.path])).toMatchObject({ stdout: "" });
    // An engine that takes connections and says nothing is not waited for.
    using mute = Bun.listen({ unix: join(empty.path, "mute.sock"), socket: { data() {} } });
    const begun = performance.now();
    const ask = await host.run("inro", ["__complete", "--", "-H", `unix://${mute.unix}`, "stop", ""], {
      env: env(),
    });
    expect(ask).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(performance.now() - begun).toBeLessThan(5000);
  }, 30_000);

  test("in bash: names, options, and words with a colon, which bash cuts", async () => {
    using shell = screen(["bash", "--norc", "-i"], { ...env(), PS1: "> " });
    await completes(shell, `source ${script("bash")}; cd ${folder.path}; bind 'set bell-style none'`);
    await typed(shell, "inro stop web-1 we\t", "inro stop web-1 web-2 ");
    await typed(shell, "inro rmi 127.0.0.1:5000/te\t", "inro rmi 127.0.0.1:5000/team/app:v1 ");
    await typed(shell, "inro run --network=we\t", "inro run --network=webs ");
    await typed(shell, "inro cp web-id\t", "inro cp web-idle:");
    await typed(shell, "inro load -i webf\t", "inro load -i webfile.tar ");
    await typed(shell, "inro volu\tcre\t", "inro volume create ");
  }, 60_000);

  test.skipIf(tool("zsh") === undefined)(
    "in zsh",
    async () => {
      // Its modules lie where they were unpacked, and are needed before the first prompt.
      const places = [
        `module_path=(${zsh}/usr/lib/*/zsh/*(/))`,
        `fpath=(${zsh}/usr/share/zsh/functions/**/*(/))`,
      ];
      writeFileSync(join(folder.path, ".zshenv"), places.join("\n"));
      writeFileSync(join(folder.path, ".zshrc"), "autoload -U compinit; compinit -D -u; unsetopt beep");
      using shell = screen([tool("zsh") ?? "", "-d", "-i"], { ...env(), PS1: "> ", ZDOTDIR: folder.path });
      await completes(shell, `source ${script("zsh")}; cd ${folder.path}`);
      await typed(shell, "inro stop web-1 we\t", "inro stop web-1 web-2");
      await typed(shell, "inro rmi 127.0.0.1:5000/te\t", "inro rmi 127.0.0.1:5000/team/app:v1");
      await typed(shell, "inro cp web-id\t", "inro cp web-idle:");
      await typed(shell, "inro load -i webf\t", "inro load -i webfile.tar");
      shell.type("inro star\t \t");
      await shell.shows("web-idle");
    },
    60_000,
  );

  test.skipIf(tool("fish") === undefined)(
    "in fish, with what each is about",
    async () => {
      const ask = async (line: string) => {
        const functions = `set -p fish_function_path ${fish}/usr/share/fish/functions; cd ${folder.path}`;
        const program = `${functions}; source ${script("fish")}; complete -C '${line}'`;
        const { stdout, stderr } = await host.run(tool("fish") ?? "", ["-N", "-c", program], { env: env() });
        expect(stderr).toBe("");
        return stdout;
      };
      expect(await ask("inro stop web-1 we")).toMatch(/^web-2\tbusybox, Up [^\n]*\n$/);
      expect(await ask("inro volu")).toBe("volume\tVerbs of volumes\n");
      expect(await ask("inro run --network we")).toBe("webs\tbridge\n");
      expect(await ask("inro rmi 127.0.0.1:5000/te")).toBe("127.0.0.1:5000/team/app:v1\n");
      expect(await ask("inro load -i webf")).toStartWith("webfile.tar");
    },
    60_000,
  );

  test("of a shell that is not known", async () => {
    expect((await cli.inro("completion", "csh")).stderr).toContain('"csh" is not a shell that is known');
  });
});

/** Runs a line and waits until the shell is back. */
async function completes(shell: Screen, line: string): Promise<void> {
  const mark = `done${Math.random().toString(36).slice(2)}`;
  shell.type(`${line}; echo ${mark.slice(0, 4)}''${mark.slice(4)}\r`);
  await shell.shows(mark);
}

/** Types keys, looks at the line that they make, and throws it away. */
async function typed(shell: Screen, keys: string, line: string): Promise<void> {
  const from = shell.text.length;
  shell.type(keys);
  // What the shell draws over and over is looked at without its control sequences.
  const shown = () =>
    Bun.stripANSI(shell.text.slice(from))
      .replace(/\u0007/g, "")
      .replace(/.\u0008/g, "");
  for (let tries = 0; !shown().includes(line); tries++) {
    if (tries > 300) throw new Error(`${JSON.stringify(line)} does not appear in ${JSON.stringify(shown())}`);
    await Bun.sleep(20);
  }
  shell.type("\u0015");
}
