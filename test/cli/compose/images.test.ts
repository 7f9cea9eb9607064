import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { screen } from "../../clients/screen.ts";
import { machine } from "../../support/host.ts";
import { type Registry, registry, registryMissing } from "../../support/registry.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { cliEngine, engineMissing } from "../engine.ts";

const built = `
name: built
services:
  base:
    build: { context: site, dockerfile_inline: "FROM busybox\\nRUN echo base > /base\\n", tags: ["built/extra:1"] }
    command: cat /base
  app:
    build:
      context: site
      dockerfile: Other
      target: final
      args: { WORD: given, CALLER: }
      additional_contexts: { under: "service:base", files: ./more }
      labels: { by: compose }
      secrets: [token, { source: kept, target: inside }]
      network: none
      shm_size: 16m
      ulimits: { nofile: 100 }
      extra_hosts: { there: 10.0.0.1 }
    image: built/app:1
    command: cat /word
secrets:
  token: { environment: TOKEN }
  kept: { file: ./kept }
`;

const other = `
FROM under AS first
ARG WORD
ARG CALLER
RUN --mount=type=secret,id=token --mount=type=secret,id=inside \\
  echo $WORD $CALLER $(cat /run/secrets/token) $(cat /run/secrets/inside) $(cat /base) > /word
FROM first AS final
COPY --from=files note /note
RUN ulimit -n >> /word; cat /note >> /word; cat /etc/hosts >> /word
FROM final AS never
RUN exit 1
`;

describe.skipIf(engineMissing || registryMissing)("inro compose build, pull and push", () => {
  const cli = cliEngine();
  const folder = temporaryFolder("compose-images");
  const at = (name: string) => join(folder.path, name);
  let shop: Registry;
  const run = (file: string, ...words: string[]) =>
    cli.engine.inroWith({ env: { TOKEN: "secret", CALLER: "mine" } }, "compose", "-f", at(file), ...words);

  beforeAll(async () => {
    shop = await registry(machine());
    for (const name of ["site", "more"]) mkdirSync(at(name));
    writeFileSync(at("built.yaml"), built);
    writeFileSync(at("site/Other"), other);
    writeFileSync(at("site/Fails"), "FROM busybox\nRUN echo saying why; exit 3\n");
    writeFileSync(at("more/note"), "noted\n");
    writeFileSync(at("kept"), "kept");
    writeFileSync(at("fails.yaml"), "services: { x: { build: { context: site, dockerfile: Fails } } }\n");
    writeFileSync(
      at("shop.yaml"),
      `services:
  one: { image: "${shop.address}/one:1", build: { context: site, dockerfile_inline: "FROM busybox\\nRUN echo one > /one\\n" } }
  plain: { image: busybox }
`,
    );
    writeFileSync(
      at("fetched.yaml"),
      `services:
  one: { image: "${shop.address}/one:1", command: cat /one }
  gone: { image: "${shop.address}/gone:1", profiles: [gone] }
`,
    );
  }, 60_000);
  afterAll(async () => {
    await shop?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  }, 60_000);

  test("a build section in full: contexts of services and folders, secrets, arguments, limits", async () => {
    const { code, stdout, stderr } = await run("built.yaml", "run", "--rm", "--build", "app");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toStartWith("given mine secret kept base\n100\nnoted\n");
    expect(stdout).toMatch(/^10\.0\.0\.1\s+there$/m);
    expect(stderr).toMatch(/^ Service base {2}Building\n\[base\] #1 /);
    expect(stderr.indexOf(" Service base  Built\n")).toBeLessThan(stderr.indexOf(" Service app  Building\n"));
    expect(await cli.out("inspect", "-f", "{{json .Config.Labels}}", "built/app:1")).toContain(
      '"by":"compose"',
    );
    expect(await cli.out("image", "ls", "-q", "built/extra:1")).toMatch(/^[0-9a-f]{12}\n$/);
    // What is there is not built again, unless it is asked for.
    expect(await run("built.yaml", "run", "--rm", "base")).toEqual({ code: 0, stdout: "base\n", stderr: "" });
    expect((await run("built.yaml", "build", "-q", "base")).stderr).toBe(
      " Service base  Building\n Service base  Built\n",
    );
    const arg = await run("built.yaml", "build", "--build-arg", "WORD=line", "app");
    expect(arg.code).toBe(0);
    expect((await run("built.yaml", "run", "--rm", "app")).stdout).toStartWith(
      "line mine secret kept base\n",
    );
    expect((await run("built.yaml", "down", "--rmi", "local")).stderr).toMatch(/Image built-base {2}Removed/);
  }, 60_000);

  test("a build that fails shows its step and the place, and ends with 17", async () => {
    const { code, stderr } = await run("fails.yaml", "up", "-d");
    expect(code).toBe(17);
    expect(stderr).toContain("[x]  │ saying why\n");
    expect(stderr).toContain("[x]    2 | >>> RUN echo saying why; exit 3\n");
    expect(stderr).toEndWith('inro: service "x": its image could not be built\n');
    using shown = screen([...cli.engine.command, "compose", "-f", at("fails.yaml"), "build"]);
    expect(await shown.exited).toBe(17);
    expect(Bun.stripANSI(shown.text)).toContain("[x]  │ saying why");
    expect(Bun.stripANSI(shown.text)).toMatch(/✘ Service x {2}Failed/);
  }, 30_000);

  test("push sends what is built, pull fetches it; what cannot be fetched ends with 18", async () => {
    expect((await run("shop.yaml", "build")).code).toBe(0);
    const pushed = await run("shop.yaml", "push");
    expect(pushed).toMatchObject({ code: 0, stderr: " one  Pushing\n one  Pushed\n" });
    await cli.inro("rmi", `${shop.address}/one:1`);
    const pulled = await run("fetched.yaml", "pull");
    expect(pulled).toMatchObject({ code: 0, stderr: " one  Pulling\n one  Pulled\n" });
    expect((await run("fetched.yaml", "pull", "--policy", "missing")).stderr).toBe("");
    expect((await run("fetched.yaml", "run", "--rm", "one")).stdout).toBe("one\n");
    expect((await run("fetched.yaml", "config", "--resolve-image-digests")).stdout).toMatch(
      /image: 127\.0\.0\.1:\d+\/one:1@sha256:[0-9a-f]{64}/,
    );
    const gone = await run("fetched.yaml", "pull", "gone");
    expect(gone.code).toBe(18);
    expect(gone.stderr).toMatch(/inro: service "gone": .*gone/);
    expect((await run("fetched.yaml", "pull", "--ignore-pull-failures", "gone", "one")).code).toBe(0);
    await cli.inro("rmi", "-f", `${shop.address}/one:1`);
    using shown = screen([...cli.engine.command, "compose", "-f", at("fetched.yaml"), "pull"]);
    expect(await shown.exited).toBe(0);
    expect(Bun.stripANSI(shown.text)).toMatch(/✔ one {2}Pulled/);
  }, 60_000);
});
