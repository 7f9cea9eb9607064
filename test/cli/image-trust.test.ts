import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tar } from "../image/fixtures.ts";
import cosign from "../image/signed-by-cosign.json";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe.skipIf(rootMissing || registryMissing)("inro image trust, sign, verify", () => {
  const folder = temporaryFolder("trust-cli");
  const policy = join(folder.path, "trust.json");
  const key = join(folder.path, "team");
  let host: Host;
  let real: Registry;
  let engine: TestEngine;
  let app: string;
  let scope: string;

  beforeAll(async () => {
    host = machine();
    writeFileSync(policy, "{}");
    [real, engine] = await Promise.all([registry(host), testEngine(host, "--trust", policy)]);
    scope = `${real.address}/team`;
    app = await real.push("team/app:1", {
      layers: [tar({ name: "etc/motd", content: "hi" })],
      config: { Cmd: ["/nothing"] },
    });
    await done("image", "keygen", "--no-passphrase", key);
  }, 30_000);
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await real[Symbol.asyncDispose]();
    host[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  /** What a command that succeeds prints. */
  const done = async (...words: string[]) => {
    const { code, stdout, stderr } = await engine.inro(...words);
    if (code !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
    return stdout;
  };
  const fails = async (...words: string[]) => {
    const { code, stderr } = await engine.inro(...words);
    return { code, stderr: stderr.trim() };
  };
  const asDocker = async (...words: string[]) => {
    const { code, stderr } = await engine.docker(...words);
    return { code, stderr };
  };
  const put = (content: string) => {
    writeFileSync(policy, content);
    chmodSync(policy, 0o644);
  };

  test("keygen never writes over a key, and the private one is its owner's", async () => {
    expect(statSync(`${key}.key`).mode & 0o777).toBe(0o600);
    const before = readFileSync(`${key}.key`, "utf8");
    const again = await fails("image", "keygen", "--no-passphrase", key);
    expect(again.stderr).toContain(`${key}.key is there already: give the pair another name`);
    expect(readFileSync(`${key}.key`, "utf8")).toBe(before);
    writeFileSync(`${key}4.pub`, "");
    expect((await fails("image", "keygen", "--no-passphrase", `${key}4`)).stderr).toContain(
      "4.pub is there already",
    );
    expect(existsSync(`${key}4.key`)).toBe(false);
    expect((await fails("image", "keygen", `${key}3`)).stderr).toContain("give --passphrase-file");
    expect(existsSync(`${key}3.key`)).toBe(false);
  });

  test("the policy is shown and edited, and a wrong edit changes nothing", async () => {
    put("{}");
    await done("image", "trust", "signed-by", "--local", `${key}.pub`, scope);
    await done("image", "trust", "reject", "debian");
    await done("image", "trust", "reject", "default");
    const [, ...rows] = (await done("image", "trust", "show")).trimEnd().split("\n");
    expect(rows.map((row) => row.trimEnd().split(/ {3,}/))).toEqual([
      ["SCOPE", "RULE", "KEYS"],
      ["default", "reject"],
      [scope, "signed or local", expect.stringMatching(/^sha256:[0-9a-f]{12}$/)],
      ["docker.io/library/debian", "reject"],
    ]);
    const shown = JSON.parse(await done("image", "trust", "show", "--format", "json"));
    expect(shown).toEqual({
      File: policy,
      Default: "reject",
      Rules: {
        [scope]: { signedBy: [readFileSync(`${key}.pub`, "utf8").trim()], local: "accept" },
        "docker.io/library/debian": "reject",
      },
    });
    const before = readFileSync(policy, "utf8");
    expect(await fails("image", "trust", "reject", "evil.example/UP")).toEqual({
      code: 1,
      stderr: "inro: cannot change the trust policy: /rules/evil.example~1UP: it is not HOST[:PORT][/PATH]",
    });
    expect((await fails("image", "trust", "rm", "nobody.example")).stderr).toContain("none of this scope");
    expect((await fails("image", "trust", "signed-by", `${key}.key`, scope)).stderr).toContain(
      "cannot use the public key",
    );
    expect((await fails("image", "trust", "allow", scope)).code).toBe(1);
    expect(readFileSync(policy, "utf8")).toBe(before);
    await done("image", "trust", "rm", "docker.io/library/debian");
    expect(Object.keys(JSON.parse(readFileSync(policy, "utf8")).rules)).toEqual([scope]);
    expect(statSync(policy).mode & 0o022).toBe(0);
  });

  test("docker's command line is refused by pull, run and create, and told the rule and the image", async () => {
    put(JSON.stringify({ rules: { [scope]: { signedBy: [readFileSync(`${key}.pub`, "utf8")] } } }));
    const refusal = `"${app}": the rule "${scope}" of ${policy} wants a signature, and`;
    const pulled = await asDocker("pull", app);
    expect(pulled).toEqual({
      code: 1,
      stderr: expect.stringContaining(`cannot pull ${refusal} none was found`),
    });
    expect(await asDocker("run", "--rm", app)).toEqual({
      code: 125,
      stderr: expect.stringContaining(`cannot pull ${refusal}`),
    });
    await done("tag", "hello", `${scope}/mine:1`);
    const made = await asDocker("create", `${scope}/mine:1`);
    expect(made).toEqual({ code: 1, stderr: expect.stringContaining("which was made here, has none") });
    const running = await asDocker("run", "--rm", `${scope}/mine:1`);
    expect(running).toMatchObject({ code: 125, stderr: expect.stringContaining(`the rule "${scope}"`) });
    expect(await fails("run", "--rm", app)).toEqual({
      code: 125,
      stderr: expect.stringContaining(`cannot pull ${refusal} none was found`),
    });
    expect((await fails("explain", "run", `${scope}/mine:1`)).stderr).toContain(`the rule "${scope}"`);
    expect(await done("ps", "-aq")).toBe("");
  });

  test("signed, it is pulled, verified and run; the policy of the moment counts", async () => {
    put("{}");
    await done("pull", app);
    await done("image", "sign", "--key", `${key}.key`, app);
    const rules = { [scope]: { signedBy: [readFileSync(`${key}.pub`, "utf8")] } };
    put(JSON.stringify({ rules }));
    // What was signed here needs no other pull.
    await done("create", "--name", "signed", app);
    await done("rm", "signed");
    const verified = JSON.parse(await done("image", "verify", "--format", "json", app));
    expect(verified).toMatchObject({ Name: app, Scope: scope, Signature: { Digest: verified.Digest } });
    expect(await done("image", "verify", app)).toContain(`Accepted by: the rule "${scope}"`);
    await done("rmi", app);
    await done("pull", app);
    expect((await asDocker("create", "--name", "signed", app)).code).toBe(0);
    await done("rm", "signed");
    put(JSON.stringify({ default: "reject" }));
    expect((await fails("create", app)).stderr).toContain(`the default rule of ${policy} rejects it`);
    rmSync(policy);
    expect((await fails("create", app)).stderr).toContain(`${policy}: it is not there`);
    expect((await fails("pull", app)).code).toBe(1);
  });

  test("cosign's key signs with the password that cosign takes, and with no other", async () => {
    put("{}");
    await done("pull", app);
    const theirs = join(folder.path, "cosign");
    writeFileSync(`${theirs}.key`, cosign.privateKey, { mode: 0o600 });
    writeFileSync(`${theirs}.pub`, cosign.key);
    const sign = (COSIGN_PASSWORD: string) =>
      engine.inroWith({ env: { COSIGN_PASSWORD } }, "image", "sign", "--key", `${theirs}.key`, app);
    expect(await sign("wrong")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("does not open it"),
    });
    expect((await fails("image", "verify", "--key", `${theirs}.pub`, app)).code).toBe(1);
    expect((await sign(cosign.password)).code).toBe(0);
    await done("image", "verify", "--key", `${theirs}.pub`, app);
  });

  test("what was neither pushed nor pulled is not signed, and no key is asked of the engine", async () => {
    put("{}");
    await done("tag", "hello", `${scope}/other:1`);
    const { stderr } = await fails("image", "sign", "--key", `${key}.key`, `${scope}/other:1`);
    expect(stderr).toContain("was neither pushed to");
    expect((await fails("image", "sign", `${scope}/other:1`)).stderr).toContain("--key");
  });
});
