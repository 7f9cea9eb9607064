import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { write } from "../build/building.ts";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { soon } from "../crash/killing.ts";
import { composing } from "../support/composing.ts";
import { machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { bad } from "./compose-bad-files.ts";

describe.skipIf(engineMissing)("a Compose file that is not to be trusted", () => {
  const cli = cliEngine();
  const project = (folder: string, words: readonly string[] = ["up", "-d"], env = {}) => {
    const compose = composing(
      "inro compose",
      { host: machine(), socket: cli.engine.socket },
      join(folder, "compose.yaml"),
    );
    return compose.runWith({ env, timeout: 30_000 }, ...words);
  };

  /** All that the engine has. */
  const lists = async () => {
    const all = [
      ["ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}"],
      ["network", "ls", "--no-trunc", "-q"],
      ["volume", "ls", "-q"],
      ["images", "-a", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"],
    ];
    return await Promise.all(all.map((words) => cli.out(...words)));
  };

  // The project is there already, in another state than the file's: whoever acts before he has looked is seen.
  beforeAll(async () => {
    using folder = temporaryFolder("before");
    writeFileSync(
      join(folder.path, "compose.yaml"),
      "services: { web: { image: busybox, command: sleep 7200, stop_signal: SIGKILL }, old: { image: busybox, command: 'true' } }\n",
    );
    expect(await project(folder.path, ["-p", "bad", "up", "-d"])).toMatchObject({ code: 0 });
    await cli.out("wait", "bad-old-1");
  }, 60_000);

  test.each(bad.map((each) => [each.title, each] as const))(
    "%s: told where, and nothing is touched",
    async (_title, { files, around, words, env, at, says }) => {
      using folder = temporaryFolder("bad");
      write(folder.path, typeof files === "string" ? { "compose.yaml": files } : files);
      around?.(folder.path);
      const before = await lists();
      const named = { COMPOSE_PROJECT_NAME: "bad", COMPOSE_REMOVE_ORPHANS: "1", ...env };
      const { code, stdout, stderr } = await project(folder.path, words, named);
      expect({ code, stdout }).toEqual({ code: expect.any(Number), stdout: "" });
      expect([0, null]).not.toContain(code);
      expect(stderr).toMatch(says);
      if (at !== null) expect(stderr).toContain(at);
      expect(stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
      expect(stderr.length).toBeLessThan(5000);
      expect(stderr).not.toMatch(/TypeError|RangeError|Internal|\.ts:\d/);
      expect(await lists()).toEqual(before);
    },
    60_000,
  );

  test("a file of 10 MB is read", async () => {
    using folder = temporaryFolder("large");
    const line = (n: number) => `  key-${n}: ${"v".repeat(80)}\n`;
    const large = Array.from({ length: 110_000 }, (_, n) => line(n)).join("");
    writeFileSync(
      join(folder.path, "compose.yaml"),
      `x-large:\n${large}services: { web: { image: busybox } }\n`,
    );
    expect(await project(folder.path, ["config", "--services"])).toEqual({
      code: 0,
      stdout: "web\n",
      stderr: "",
    });
  }, 60_000);

  test("a file of more is refused before it is read", async () => {
    using folder = temporaryFolder("huge");
    writeFileSync(join(folder.path, "compose.yaml"), `${"# nothing\n".repeat(30_000_000)}services: {}\n`);
    const { code, stderr } = await project(folder.path, ["config", "-q"]);
    expect({ code, stderr }).toEqual({
      code: expect.any(Number),
      stderr: expect.stringMatching(/larger than 16 MiB/),
    });
  }, 60_000);

  test("names that mean something to JavaScript are names", async () => {
    using folder = temporaryFolder("names");
    const file = [
      "services:",
      "  constructor:",
      "    image: busybox",
      "    command: env",
      "    labels: { __proto__: a, toString: b }",
      "    environment: { __proto__: c, valueOf: d }",
      "    depends_on: [hasOwnProperty]",
      "  hasOwnProperty: { image: busybox, command: 'true' }",
      "",
    ].join("\n");
    writeFileSync(join(folder.path, "compose.yaml"), file);
    try {
      expect(await project(folder.path, ["-p", "names", "up", "-d"])).toMatchObject({ code: 0 });
      await cli.out("wait", "names-constructor-1");
      expect((await cli.out("logs", "names-constructor-1")).split("\n")).toEqual(
        expect.arrayContaining(["__proto__=c", "valueOf=d"]),
      );
      const labels = JSON.parse(
        await cli.out("inspect", "-f", "{{json .Config.Labels}}", "names-constructor-1"),
      );
      expect(Object.entries(labels)).toEqual(
        expect.arrayContaining([
          ["__proto__", "a"],
          ["toString", "b"],
        ]),
      );
    } finally {
      await project(folder.path, ["-p", "names", "down"]);
    }
  }, 60_000);

  describe("a configuration's target in an image that has links there", () => {
    const victims = temporaryFolder("victims");
    afterAll(() => victims[Symbol.dispose]());

    test.each([
      ["the target itself", "RUN ln -s VICTIM /target", "/target"],
      ["the target itself, upwards", "RUN ln -s ../../../../../../../../../..VICTIM /target", "/target"],
      ["a folder above it", "RUN ln -s FOLDER /etc/sub", "/etc/sub/victim"],
      [
        "a folder above it, upwards",
        "RUN ln -s ../../../../../../../../../..FOLDER /etc/sub",
        "/etc/sub/victim",
      ],
      ["a folder's name through procfs", "RUN ln -s /proc/1/root/FOLDER /etc/sub", "/etc/sub/victim"],
    ])(
      "%s: nothing outside is written or read",
      async (_title, step, target) => {
        using folder = temporaryFolder("links");
        const victim = join(victims.path, "victim");
        writeFileSync(victim, "of the host\n");
        const planted = step.replace("VICTIM", victim).replace("FOLDER", victims.path);
        write(folder.path, {
          "compose.yaml": [
            "services:",
            "  web:",
            "    build: .",
            `    command: [sh, -c, "cat ${target}; sleep 7200"]`,
            "    stop_signal: SIGKILL",
            `    configs: [{ source: text, target: ${target} }, { source: file, target: ${target}-file, uid: "7", mode: 0400 }]`,
            `    secrets: [{ source: secret, target: ${target}-secret }]`,
            "configs: { text: { content: of the project }, file: { file: ./given } }",
            "secrets: { secret: { environment: SECRET } }",
            "",
          ].join("\n"),
          given: "of a file",
          Dockerfile: `FROM busybox\n${planted}\n`,
        });
        try {
          const { code, stderr } = await project(folder.path, ["-p", "links", "up", "-d"], {
            SECRET: "hidden",
          });
          // Either it is refused, or what is there is what the file says.
          if (code === 0) await soon(() => cli.out("logs", "links-web-1"), "of the project");
          else expect(stderr).toContain(target.slice(1));
        } finally {
          await project(folder.path, ["-p", "links", "down", "--rmi", "local"]);
        }
        expect(await Bun.file(victim).text()).toBe("of the host\n");
        expect([...new Bun.Glob("*").scanSync(victims.path)]).toEqual(["victim"]);
      },
      60_000,
    );
  });
});
