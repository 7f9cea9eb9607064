import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { toolRoot } from "../support/tools.ts";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("a program that cannot be started is told with what is wrong with it", () => {
  const cli = cliEngine();
  const folder = temporaryFolder("programs");
  const program = (name: string, content: string | Uint8Array) =>
    writeFileSync(join(folder.path, name), content, { mode: 0o755 });

  beforeAll(() => {
    program("interpreter", "#!/no/such/python\nprint(1)\n");
    program("windows", "#!/bin/sh\r\necho hi\r\n");
    program("plain", "echo hi\n");
    // Any program of this machine that is linked dynamically: busybox's image has no loader.
    program("loader", readFileSync("/bin/ls"));
    const foreign = readFileSync(join(toolRoot("busybox") ?? "", "bin/busybox"));
    foreign.writeUInt16LE(process.arch === "arm64" ? 62 : 183, 18);
    program("architecture", foreign);
  });
  afterAll(() => folder[Symbol.dispose]());

  test.each([
    ["interpreter", 127, "its interpreter is missing: /no/such/python"],
    ["loader", 127, /its interpreter is missing: \/lib.*\/ld-linux.*\.so/],
    ["architecture", 126, /it is built for (aarch64|x86_64), this host is /],
    ["windows", 127, "/bin/sh with a carriage return at its end (the file has Windows line ends)"],
    ["plain", 126, "it is neither a program nor a script with a #! line"],
    ["nothing", 127, "no such file or directory"],
  ])(
    "%s",
    async (name, code, why) => {
      const words = ["-v", `${folder.path}:/programs:ro`, "busybox", `/programs/${name}`];
      const run = await cli.inro("run", "--rm", ...words);
      expect(run).toEqual({
        code,
        stdout: "",
        stderr: expect.stringContaining(`cannot start "/programs/${name}"`),
      });
      expect(run.stderr).toMatch(why);
      // In a container that runs, too.
      await cli.inro("run", "-d", "--name", name, ...words.slice(0, -1), "sleep", "600");
      const exec = await cli.inro("exec", name, `/programs/${name}`);
      expect(exec.code).toBe(code);
      expect(exec.stderr).toMatch(why);
      await cli.inro("rm", "-f", name);
    },
    30_000,
  );
});
