import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxArchive } from "../clients/busybox.ts";
import { type TestEngine, testEngine } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("devices that others describe (CDI)", () => {
  const host = machine();
  const folder = temporaryFolder("cdi");
  const here = (name: string) => join(folder.path, name);
  let engine: TestEngine;
  const inro = (...words: string[]) => engine.inro(...words);
  const sh = async (device: readonly string[], script: string) => {
    const { code, stdout, stderr } = await inro("run", "--rm", ...device, "busybox", "sh", "-c", script);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };

  beforeAll(async () => {
    writeFileSync(here("library"), "of the vendor\n");
    writeFileSync(here("hook"), `#!/bin/sh\ncat > ${here("state")}\necho "$WHERE $1" > ${here("called")}\n`);
    chmodSync(here("hook"), 0o755);
    const spec = {
      cdiVersion: "0.7.0",
      kind: "vendor.com/thing",
      containerEdits: {
        env: ["VENDOR=yes"],
        mounts: [{ hostPath: here("library"), containerPath: "/usr/lib/vendor", options: ["ro", "bind"] }],
      },
      devices: [
        {
          name: "null",
          containerEdits: {
            env: ["NULL=there"],
            deviceNodes: [
              { path: "/dev/vendor/null0", hostPath: "/dev/null", permissions: "rw", fileMode: 0o640 },
            ],
            additionalGids: [4711, 0],
            hooks: [
              {
                hookName: "createRuntime",
                path: here("hook"),
                args: ["hook", "argument"],
                env: ["WHERE=host"],
              },
            ],
          },
        },
        {
          name: "zero",
          containerEdits: { deviceNodes: [{ path: "/dev/zero0", type: "c", major: 1, minor: 5 }] },
        },
        { name: "gone", containerEdits: { deviceNodes: [{ path: "/dev/no-such-device" }] } },
      ],
    };
    writeFileSync(here("vendor.json"), JSON.stringify(spec));
    writeFileSync(
      here("gpu.yaml"),
      "cdiVersion: 0.6.0\nkind: nvidia.com/gpu\ndevices:\n- name: all\n  containerEdits: {env: [GPUS=all]}\n- name: '1'\n  containerEdits: {env: [GPUS=one]}\n",
    );
    engine = await testEngine(host, "--cdi-spec-dir", folder.path);
    await engine.inroWith({ input: busyboxArchive() }, "load");
  }, 60_000);
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    host[Symbol.dispose]();
    folder[Symbol.dispose]();
  }, 60_000);

  test("nodes, environment, mounts, groups and hooks of a device come into the container", async () => {
    const device = ["--device", "vendor.com/thing=null"];
    const look =
      "stat -c '%a %F %t,%T' /dev/vendor/null0; echo x > /dev/vendor/null0; cat /usr/lib/vendor; echo $VENDOR $NULL; id -G";
    expect(await sh(device, look)).toBe("640 character special file 1,3\nof the vendor\nyes there\n0 4711\n");
    expect(readFileSync(here("called"), "utf8")).toBe("host argument\n");
    expect(JSON.parse(readFileSync(here("state"), "utf8"))).toMatchObject({ status: "creating" });
    expect(await sh(device, "(echo x > /usr/lib/vendor) 2>/dev/null || echo refused")).toBe("refused\n");
    expect(
      await sh(
        [...device, "--device", "vendor.com/thing=zero"],
        "head -c 3 /dev/zero0 | wc -c; ls /dev/vendor",
      ),
    ).toBe("3\nnull0\n");
    expect(await sh(["--device", "vendor.com/thing=zero"], "ls /dev/vendor 2>/dev/null; echo $VENDOR")).toBe(
      "yes\n",
    );
  }, 30_000);

  test("explain names the device that asked for each operation", async () => {
    const { stdout } = await inro("explain", "run", "--device", "vendor.com/thing=null", "busybox");
    const lines = stdout.split("\n").filter((line) => line.includes("--device vendor.com/thing=null"));
    expect(lines.join("\n")).toMatch(/null0/);
    expect(lines.join("\n")).toMatch(/hook/);
    expect(lines.join("\n")).toMatch(/usr\/lib\/vendor/);
  });

  test("the docker CLI's --device and --gpus mean the same, and inspect tells them", async () => {
    const run = (...words: string[]) =>
      engine.docker("run", "--rm", ...words, "busybox", "sh", "-c", "echo $NULL$GPUS");
    expect(await run("--device", "vendor.com/thing=null")).toMatchObject({ code: 0, stdout: "there\n" });
    expect(await run("--gpus", "all")).toMatchObject({ code: 0, stdout: "all\n" });
    expect(await run("--gpus", "device=1")).toMatchObject({ code: 0, stdout: "one\n" });
    expect(await sh(["--gpus", "all"], "echo $GPUS")).toBe("all\n");
    await engine.docker("create", "--name", "asks", "--device", "vendor.com/thing=null", "busybox");
    const asked = await inro("inspect", "-f", "{{json .HostConfig.DeviceRequests}}", "asks");
    expect(JSON.parse(asked.stdout)).toMatchObject([{ Driver: "cdi", DeviceIDs: ["vendor.com/thing=null"] }]);
    await inro("rm", "asks");
  }, 30_000);

  test("what nobody describes, and what is not on the host, is refused by name", async () => {
    const refused = async (...words: string[]) => {
      const { code, stderr } = await inro("run", "--rm", ...words, "busybox");
      expect(code).toBe(125);
      return stderr;
    };
    expect(await refused("--device", "vendor.com/thing=other")).toContain(
      "unresolvable CDI devices vendor.com/thing=other",
    );
    expect(await refused("--device", "other.com/thing=null")).toContain("other.com/thing=null");
    expect(await refused("--device", "vendor.com/thing=gone")).toContain("/dev/no-such-device");
    expect(await refused("--gpus", "3")).toContain("nvidia.com/gpu=0");
    const api = await engine.docker("run", "--rm", "--device", "vendor.com/thing=other", "busybox");
    expect(api).toMatchObject({ code: 125 });
    expect(api.stderr).toContain("CDI device injection failed");
  }, 30_000);

  test("info lists them, and warns of files that cannot be used", async () => {
    const names = (await inro("info", "-f", "{{range .DiscoveredDevices}}{{.Source}} {{.ID}}\n{{end}}"))
      .stdout;
    expect(names).toContain("cdi vendor.com/thing=null\n");
    expect(names).toContain("cdi nvidia.com/gpu=1\n");
    expect((await engine.docker("info", "-f", "{{.CDISpecDirs}}")).stdout).toBe(`[${folder.path}]\n`);
    writeFileSync(here("broken.json"), "{");
    expect((await inro("info")).stderr).toContain("broken.json");
    expect((await inro("info")).stdout).toContain("cdi: vendor.com/thing=zero");
  });
});
