import { describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { dockerEngine, engineMissing } from "./docker.ts";

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

describe.skipIf(engineMissing)("DOCKER_HOST=ssh://…", () => {
  const it = dockerEngine(ownHost);

  test("docker reaches the engine by what it runs at the other end of ssh, all the way through an attached run", async () => {
    using folder = temporaryFolder("ssh");
    // What a remote shell would do with docker's words there, where docker is another name of inro.
    const ssh = join(folder.path, "ssh");
    const inro = it.engine.command.map(quoted).join(" ");
    writeFileSync(
      ssh,
      `#!/bin/sh\ncase "$*" in *" docker system dial-stdio") exec ${inro} system dial-stdio;; esac\nexit 9\n`,
    );
    chmodSync(ssh, 0o755);
    const docker = (input: string, ...words: readonly string[]) =>
      it.host.run("docker", ["-H", "ssh://root@elsewhere", ...words], {
        input,
        env: { PATH: `${folder.path}:${process.env["PATH"]}`, DOCKER_HOST: "" },
      });
    expect((await docker("", "version", "--format", "{{.Server.Os}}")).stdout).toBe("linux\n");
    const much = "line\n".repeat(20_000);
    const ran = await docker(much, "run", "--rm", "-i", "busybox", "sh", "-c", "cat; exit 5");
    expect({ code: ran.code, same: ran.stdout === much }).toEqual({ code: 5, same: true });
  }, 60_000);
});
