import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianRoot } from "../support/debian.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";
import { tarOf } from "../support/oci-layout.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";

const base = debianRoot();

describe.skipIf(rootMissing || registryMissing || base === undefined)(
  "a real Debian from a real registry",
  () => {
    let host: Host;
    let debian: Registry;
    let engine: TestEngine;
    let image: string;

    beforeAll(async () => {
      host = machine();
      debian = await registry(host);
      engine = await testEngine(host);
      using site = temporaryFolder("site");
      mkdirSync(join(site.path, "srv"));
      writeFileSync(join(site.path, "srv/index.html"), "served from the second layer\n");
      using extra = temporaryFolder("extra");
      mkdirSync(join(extra.path, "srv"));
      writeFileSync(join(extra.path, "srv/more.txt"), "served from the third layer\n");
      const layers = [base ?? "", tarOf(site.path), tarOf(extra.path)];
      image = await debian.push("debian:bookworm", { layers, config: { Cmd: ["bash"], WorkingDir: "/srv" } });
    }, 120_000);

    afterAll(async () => {
      await engine?.[Symbol.asyncDispose]();
      await debian?.[Symbol.asyncDispose]();
      host?.[Symbol.dispose]();
    }, 60_000);

    test("run pulls it and runs it", async () => {
      const run = await engine.inro("run", "--rm", image, "cat", "/etc/os-release");
      expect(run.stdout).toContain("VERSION_CODENAME=bookworm");
      expect(run.code).toBe(0);
    });

    test("apt-get update works inside, on the default network", async () => {
      const run = await engine.inroWith({ timeout: 120_000 }, "run", "--rm", image, "apt-get", "update");
      expect(run.stdout).toContain("Reading package lists");
      expect(`${run.stdout}${run.stderr}`).not.toContain("Failed to fetch");
      expect(run.code).toBe(0);
    }, 130_000);

    test("python's web server answers through a published port", async () => {
      const port = String(30_000 + Math.floor(Math.random() * 5_000));
      const started = await engine.inro(
        ...["run", "-d", "--name", "web", "-p", `${port}:8000`, image],
        ...["python3", "-m", "http.server", "8000"],
      );
      expect(started.stderr).toBe("");
      const get = (path: string) =>
        host.run("curl", [
          "-sS",
          "--retry",
          "20",
          "--retry-all-errors",
          "--retry-delay",
          "1",
          `http://127.0.0.1:${port}/${path}`,
        ]);
      expect((await get("index.html")).stdout).toBe("served from the second layer\n");
      expect((await get("more.txt")).stdout).toBe("served from the third layer\n");
      expect((await engine.inro("logs", "web")).stderr).toContain("GET /index.html");
      expect((await engine.inro("rm", "-f", "web")).code).toBe(0);
      expect((await host.run("curl", ["-sS", "-m", "2", `http://127.0.0.1:${port}/`])).code).not.toBe(0);
    });

    test("a memory limit ends a greedy process with 137 and says so", async () => {
      const greedy = "x = bytearray(200 << 20); print(len(x))";
      const run = await engine.inro("run", "--name", "greedy", "-m", "32m", image, "python3", "-c", greedy);
      expect(run.code).toBe(137);
      const inspected = await engine.inro(
        "inspect",
        "--format",
        "{{.State.OOMKilled}} {{.State.ExitCode}}",
        "greedy",
      );
      expect(inspected.stdout).toBe("true 137\n");
    });

    test("--pids-limit stops a fork bomb, and the host stays usable", async () => {
      const bomb = "bomb() { bomb | bomb & }; bomb; sleep 2; echo survived";
      const run = await engine.inro("run", "--rm", "--pids-limit", "40", image, "bash", "-c", bomb);
      expect(run.stderr).toContain("Resource temporarily unavailable");
    });

    test("exit codes: the program's own, 125, 126 and 127", async () => {
      const code = async (...words: string[]) => (await engine.inro("run", "--rm", ...words)).code;
      expect(await code(image, "bash", "-c", "exit 42")).toBe(42);
      // As pid 1 it would ignore the signal: pid_namespaces(7).
      expect(await code("--init", image, "bash", "-c", "kill -TERM $$")).toBe(143);
      expect(await code("--no-such-flag", image)).toBe(125);
      expect(await code(image, "/etc/passwd")).toBe(126);
      expect(await code(image, "/no/such/program")).toBe(127);
    });
  },
);
