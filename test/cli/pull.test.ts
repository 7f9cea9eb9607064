import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxTar } from "../clients/busybox.ts";
import { machine } from "../support/host.ts";
import { tarOf } from "../support/oci-layout.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing || registryMissing)("inro pull", () => {
  const cli = cliEngine();
  let shop: Registry;
  const box = () => `${shop.address}/tools/box:v1`;

  beforeAll(async () => {
    shop = await registry(machine());
    using extra = temporaryFolder("extra");
    mkdirSync(join(extra.path, "data"));
    writeFileSync(join(extra.path, "data/random"), randomBytes(3_000_000));
    using more = temporaryFolder("more");
    writeFileSync(join(more.path, "more"), randomBytes(1000));
    await shop.push("tools/box:v1", {
      // The first one is there already: it is busybox's own.
      layers: [busyboxTar(), tarOf(extra.path), tarOf(more.path)],
      config: { Cmd: ["wc", "-c", "/data/random"], Env: ["PATH=/bin"] },
    });
  }, 60_000);

  afterAll(async () => {
    await shop?.[Symbol.asyncDispose]();
  }, 60_000);

  test("without a terminal a line tells each change, and no bar is drawn", async () => {
    const { code, stdout, stderr } = await cli.inro("pull", box());
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toContain("\x1b");
    expect(stdout.match(/^[0-9a-f]{12}: Already exists$/gm)?.length).toBe(1);
    expect(stdout.match(/^[0-9a-f]{12}: Pull complete$/gm)?.length).toBe(2);
    expect(stdout).toMatch(/^Digest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for .*\n$/m);
    expect((await cli.inro("pull", "-q", box())).stdout).toBe(`${box()}\n`);
    await cli.inro("rmi", box());
  });

  test("on a terminal each layer has its line, drawn again in place", async () => {
    using shown = cli.onScreen("pull", box());
    expect(await shown.exited).toBe(0);
    await shown.shows("Status: Downloaded newer image");
    expect(shown.text).toMatch(/\x1b\[3A\x1b\[J/);
    const last = shown.text.slice(shown.text.lastIndexOf("\x1b[J"));
    expect(last.match(/Pull complete/g)?.length).toBe(2);
    await cli.inro("rmi", box());
  });

  test("run pulls what is missing, on standard error; -q does it quietly; never does not", async () => {
    const run = await cli.inro("run", "--rm", box());
    expect(run).toMatchObject({ code: 0, stdout: "3000000 /data/random\n" });
    expect(run.stderr).toStartWith(`Unable to find image '${box()}' locally\n`);
    expect(run.stderr).toContain("Pull complete");
    await cli.inro("rmi", box());
    expect(await cli.inro("run", "--rm", "-q", box())).toEqual({
      code: 0,
      stdout: "3000000 /data/random\n",
      stderr: "",
    });
    await cli.inro("rmi", box());
    expect((await cli.inro("run", "--rm", "--pull", "never", box())).code).toBe(125);
  });

  test("a failure is one line that says what, why and what to do", async () => {
    const fails = async (name: string) => {
      const { code, stderr } = await cli.inro("pull", name);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^inro: [^\n]+\n$/);
      return stderr;
    };
    expect(await fails(`${shop.address}/tools/none:v1`)).toContain("tools/none");
    expect(await fails("127.0.0.1:1/x")).toContain("cannot reach the registry 127.0.0.1:1");
    expect(await fails("Not A Name")).toContain("Not A Name");
  });
});
