import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, lines } from "../build/building.ts";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { busyboxArchive } from "../clients/busybox.ts";
import { testEngine } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

const privileged: readonly (readonly [string, string])[] = [
  ["security.insecure", "RUN --security=insecure true"],
  ["network.host", "RUN --network=host true"],
  ["device=vendor.com/thing=null", "RUN --device=vendor.com/thing=null true"],
];

describe.skipIf(engineMissing)("what a build may have beyond the rest", () => {
  const cli = cliEngine();

  test.each(privileged)("R25 %s is had only when the build allows it", async (name, step) => {
    const Dockerfile = lines("FROM busybox", step);
    expect((await build(cli.engine, { Dockerfile })).error).toContain(`${name} is not allowed`);
    // Nor by the other two.
    const others = privileged.map(([other]) => other).filter((other) => other !== name);
    expect((await build(cli.engine, { Dockerfile }, { allow: others })).error).toContain(
      `${name} is not allowed`,
    );
  });

  test.each(privileged)("R25 a base image's trigger cannot take %s (CVE-2024-23653)", async (name, step) => {
    const base = await build(
      cli.engine,
      { Dockerfile: lines("FROM busybox", `ONBUILD ${step}`) },
      { t: "trigger:1" },
    );
    expect(base.error).toBe("");
    for (const Dockerfile of [
      "FROM trigger:1\n",
      "FROM trigger:1 AS a\nFROM busybox\nCOPY --from=a /bin/sh /x\n",
    ])
      expect((await build(cli.engine, { Dockerfile })).error).toContain(`${name} is not allowed`);
  });

  test("R25 a stage that nobody needs asks for nothing, and a variable is no way around", async () => {
    const unused = lines("FROM busybox AS unused", "RUN --security=insecure true", "FROM busybox");
    expect((await build(cli.engine, { Dockerfile: unused })).error).toBe("");
    const variable = lines("FROM busybox", "ARG S=insecure", "RUN --security=$S true");
    expect((await build(cli.engine, { Dockerfile: variable })).error).toContain("insecure");
    const folder = lines("FROM busybox", "RUN --mount=type=bind,source=/etc,target=/host,rw true");
    expect((await build(cli.engine, { Dockerfile: folder })).error).not.toBe("");
  });

  test("R25 what is allowed is had, and no more: a step is confined as a container is", async () => {
    const caps = "grep CapEff /proc/self/status";
    const plain = await build(cli.engine, { Dockerfile: lines("FROM busybox", `RUN ${caps}`) });
    const asked = { Dockerfile: lines("FROM busybox", `RUN --security=insecure ${caps}`) };
    const insecure = await build(cli.engine, asked, { allow: "security.insecure" });
    expect({ error: insecure.error, same: plain.output === insecure.output }).toEqual({
      error: "",
      same: false,
    });
    expect(plain.output).toBe(
      await cli.out("run", "--rm", "busybox", "busybox", "grep", "CapEff", "/proc/self/status"),
    );
    const look = lines(
      "FROM busybox",
      "RUN cat /proc/1/status >/dev/null; ls /dev/kmsg /dev/mem 2>&1; mount -t tmpfs x /mnt 2>&1 || echo refused; dmesg >/dev/null 2>&1 || echo no log",
    );
    const { output } = await build(cli.engine, { Dockerfile: look });
    expect(output).toContain("refused");
    expect(output).not.toContain("\n/dev/mem\n");
  });

  test("R25 a device that is allowed is one that the host describes", async () => {
    using folder = temporaryFolder("cdi");
    const edits = { deviceNodes: [{ path: "/dev/vendor0", hostPath: "/dev/null" }] };
    const spec = {
      cdiVersion: "0.7.0",
      kind: "vendor.com/thing",
      devices: [{ name: "null", containerEdits: edits }],
    };
    writeFileSync(join(folder.path, "thing.json"), JSON.stringify(spec));
    await using scope = new AsyncDisposableStack();
    const engine = scope.use(await testEngine(scope.use(await machine()), "--cdi-spec-dir", folder.path));
    await engine.inroWith({ input: busyboxArchive() }, "load");
    const device = (name: string) => ({
      Dockerfile: lines("FROM busybox", `RUN --device=vendor.com/thing=${name} ls /dev/vendor0`),
    });
    const { error, output } = await build(engine, device("null"), { allow: "device=vendor.com/thing=null" });
    expect({ error, output }).toEqual({ error: "", output: "/dev/vendor0\n" });
    expect((await build(engine, device("other"), { allow: "device" })).error).toContain(
      "vendor.com/thing=other",
    );
  });
});
