import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxArchive } from "../clients/busybox.ts";
import { type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine, ownHost } from "../support/host.ts";
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

describe.skipIf(engineMissing || Bun.which("ip") === null)("what a description says beyond files", () => {
  const scope = new AsyncDisposableStack();
  let host: Host;
  let engine: TestEngine;

  beforeAll(async () => {
    host = scope.use(await ownHost());
    const folder = scope.use(temporaryFolder("cdi"));
    const devices = [
      {
        name: "port",
        containerEdits: { netDevices: [{ hostInterfaceName: "fast0", name: "inside0" }] },
      },
      { name: "cache", containerEdits: { intelRdt: { closID: "half" } } },
    ];
    const spec = { cdiVersion: "1.1.0", kind: "vendor.com/nic", devices };
    writeFileSync(join(folder.path, "vendor.json"), JSON.stringify(spec));
    engine = scope.use(await testEngine(host, "--cdi-spec-dir", folder.path));
    await engine.inroWith({ input: busyboxArchive() }, "load");
  }, 60_000);
  afterAll(() => scope.disposeAsync(), 60_000);

  test("netDevices: the interface is the container's, with its addresses, beside that of its network", async () => {
    await host.run("ip", ["link", "add", "fast0", "type", "veth", "peer", "name", "far0"]);
    await host.run("ip", ["addr", "add", "10.44.0.2/24", "dev", "fast0"]);
    const words = [
      "run",
      "-d",
      "--name",
      "owner",
      "--device",
      "vendor.com/nic=port",
      "busybox",
      "sleep",
      "1000",
    ];
    expect(await engine.inro(...words)).toMatchObject({ code: 0, stderr: "" });
    const pid = (await engine.inro("inspect", "-f", "{{.State.Pid}}", "owner")).stdout.trim();
    const { stdout } = await host.run("nsenter", [`--net=/proc/${pid}/ns/net`, "ip", "-o", "-4", "address"]);
    expect(stdout).toMatch(/ inside0 +inet 10\.44\.0\.2\/24 /);
    expect(stdout).toMatch(/ eth0 +inet /);
    expect((await host.run("ip", ["link", "show", "fast0"])).code).not.toBe(0);
    // Another one has nothing to take any more.
    const second = await engine.inro("run", "--rm", "--device", "vendor.com/nic=port", "busybox", "true");
    expect(second.code).toBe(125);
    expect(second.stderr).toContain("fast0");
    expect((await engine.inro("explain", "owner")).stdout).toMatch(/inside0.*--device vendor\.com\/nic=port/);
  }, 60_000);

  test("intelRdt is refused by name", async () => {
    const refused = await engine.inro("run", "--rm", "--device", "vendor.com/nic=cache", "busybox", "true");
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain("Intel RDT");
  });
});
