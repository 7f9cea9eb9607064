import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";
import { tarOf } from "../support/oci-layout.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { busyboxMissing, busyboxTar } from "./busybox.ts";
import { screen } from "./screen.ts";

describe.skipIf(rootMissing || busyboxMissing || registryMissing)("the docker CLI pulls", () => {
  let host: Host;
  let engine: TestEngine;
  let shop: Registry;
  const docker = (...words: string[]) => engine.docker(...words);

  beforeAll(async () => {
    host = machine();
    [shop, engine] = await Promise.all([registry(host), testEngine(host)]);
    using extra = temporaryFolder("extra");
    mkdirSync(join(extra.path, "data"));
    writeFileSync(join(extra.path, "data/random"), randomBytes(3_000_000));
    await shop.push("tools/box:v1", {
      layers: [busyboxTar(), tarOf(extra.path)],
      config: { Cmd: ["wc", "-c", "/data/random"], Env: ["PATH=/bin"] },
    });
  }, 60_000);

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    await shop?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
  }, 60_000);

  test("in a terminal, with a bar for each layer", async () => {
    using terminal = screen([
      "docker",
      "-H",
      `unix://${engine.socket}`,
      "pull",
      `${shop.address}/tools/box:v1`,
    ]);
    expect(await terminal.exited).toBe(0);
    await terminal.shows(`Status: Downloaded newer image for ${shop.address}/tools/box:v1`);
    expect(terminal.text).toContain("Pulling from tools/box".replace("tools", `${shop.address}/tools`));
    expect(terminal.text.match(/[0-9a-f]{12}: Pull complete/g)?.length).toBeGreaterThanOrEqual(2);
    expect(terminal.text).toMatch(/Digest: sha256:[0-9a-f]{64}/);
  }, 20_000);

  test("again: up to date; by digest; all of it listed", async () => {
    const again = await docker("pull", `${shop.address}/tools/box:v1`);
    expect(again.stdout).toContain("Status: Image is up to date");
    const digest = /sha256:[0-9a-f]{64}/.exec(again.stdout)?.[0];
    expect((await docker("pull", `${shop.address}/tools/box@${digest}`)).code).toBe(0);
    const listed = await docker("images", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}");
    expect(listed.stdout).toContain(`${shop.address}/tools/box v1 ${digest}\n`);
    expect((await docker("rmi", `${shop.address}/tools/box:v1`)).code).toBe(0);
  }, 20_000);

  test("-a: every tag of the repository, by docker's command line and by ours", async () => {
    for (const tag of ["one", "two", "three"])
      await shop.push(`tools/many:${tag}`, { layers: [busyboxTar()], config: { Cmd: ["echo", tag] } });
    const name = `${shop.address}/tools/many`;
    const tagged = async () =>
      (await docker("images", "--format", "{{.Tag}}", name)).stdout.trim().split("\n").sort();
    expect(await docker("pull", "-a", name)).toMatchObject({ code: 0, stderr: "" });
    expect(await tagged()).toEqual(["one", "three", "two"]);
    await docker("image", "prune", "-af");
    const { code, stdout } = await engine.inro("pull", "--all-tags", name);
    expect({ code, digests: stdout.match(/^Digest: /gm)?.length }).toEqual({ code: 0, digests: 3 });
    expect(await tagged()).toEqual(["one", "three", "two"]);
    expect((await engine.inro("pull", "-a", `${name}:one`)).code).toBe(1);
    expect((await engine.inro("pull", name)).stderr).toContain("many:latest");
  }, 30_000);

  test("run pulls what is missing", async () => {
    await docker("image", "prune", "-af");
    const run = await docker("run", "--rm", `${shop.address}/tools/box:v1`);
    expect(run.stdout).toBe("3000000 /data/random\n");
    expect(run.stderr).toContain("Unable to find image");
    expect(run.code).toBe(0);
  }, 20_000);

  test("what is not there is said with the registry's name, and nothing is left", async () => {
    const before = await docker("images", "-aq");
    const missing = await docker("pull", `${shop.address}/tools/box:v2`);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("no such image")]);
    const run = await docker("run", "--rm", `${shop.address}/tools/nothing`);
    expect(run.code).toBe(125);
    expect((await docker("images", "-aq")).stdout).toBe(before.stdout);
  }, 20_000);

  test("--platform is held against the image", async () => {
    const image = `${shop.address}/tools/box:v1`;
    const own = await docker(
      "run",
      "--rm",
      "--platform",
      `linux/${process.arch === "x64" ? "amd64" : "arm64"}`,
      image,
    );
    expect(own.code).toBe(0);
    const other = await docker("run", "--rm", "--pull", "never", "--platform", "linux/s390x", image);
    expect([other.code, other.stderr]).toEqual([125, expect.stringContaining("linux/s390x")]);
  }, 20_000);

  test("login asks the registry", async () => {
    const login = await engine.dockerWith(
      { input: "secret" },
      "login",
      "-u",
      "me",
      "--password-stdin",
      shop.address,
    );
    expect([login.stdout.trim().split("\n").at(-1), login.code]).toEqual(["Login Succeeded", 0]);
    const nobody = await engine.dockerWith(
      { input: "x" },
      "login",
      "-u",
      "me",
      "--password-stdin",
      "127.0.0.1:1",
    );
    expect(nobody.code).toBe(1);
  }, 20_000);
});
