import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Docker from "dockerode";
import { writtenRegistry } from "../image/written-registry.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";
import { tarOf } from "../support/oci-layout.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { passwordFile, type TokenService, tokenService } from "../support/token-service.ts";
import { tool } from "../support/tools.ts";
import { busyboxMissing, busyboxTar } from "./busybox.ts";
import { screen } from "./screen.ts";

const me = { name: "me", password: "secret" };
interface Line {
  readonly aux?: object;
  readonly error?: string;
  readonly errorDetail?: { readonly message: string };
}

const openssl = Bun.which("openssl") !== null;

/** A helper that keeps one file a server, as docker-credential-pass keeps one entry. */
const helper = `#!/bin/sh
read -r line
case $1 in
store) server=$(echo "$line" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'); echo "$line" > "$KEPT/$(echo "$server" | tr /: __)" ;;
get) cat "$KEPT/$(echo "$line" | tr /: __)" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
erase) rm -f "$KEPT/$(echo "$line" | tr /: __)" ;;
esac
`;

describe.skipIf(rootMissing || busyboxMissing || registryMissing || !openssl)("images are pushed", () => {
  let host: Host;
  let engine: TestEngine;
  let open: Registry;
  let closed: Registry;
  let service: TokenService;
  let tokens: Registry;
  let folder: ReturnType<typeof temporaryFolder>;
  const docker = (...words: string[]) => engine.docker(...words);
  /** Our command line with a docker configuration of its own. */
  const inro = (config: string, ...words: string[]) =>
    engine.inroWith(
      { env: { DOCKER_CONFIG: join(folder.path, config), KEPT: join(folder.path, "kept"), PATH: path() } },
      ...words,
    );
  const path = () => `${join(folder.path, "bin")}:${process.env["PATH"]}`;
  const skopeoDigest = async (name: string) => {
    const found = await host.run(tool("skopeo") ?? "", ["inspect", "--tls-verify=false", `docker://${name}`]);
    return (JSON.parse(found.stdout) as { Digest: string }).Digest;
  };

  beforeAll(async () => {
    host = machine();
    folder = temporaryFolder("push");
    service = await tokenService(folder.path, me);
    const passwords = await passwordFile(folder.path, me.name, me.password);
    [open, closed, tokens, engine] = await Promise.all([
      registry(host),
      registry(host, passwords),
      registry(host, service.auth),
      testEngine(host),
    ]);
    mkdirSync(join(folder.path, "bin"));
    mkdirSync(join(folder.path, "kept"));
    writeFileSync(join(folder.path, "bin/docker-credential-test"), helper);
    chmodSync(join(folder.path, "bin/docker-credential-test"), 0o755);
    mkdirSync(join(folder.path, "tree"));
    writeFileSync(join(folder.path, "tree/random"), randomBytes(3_000_000));
    await open.push("tools/box:v1", { layers: [busyboxTar(), tarOf(join(folder.path, "tree"))] });
    await docker("pull", `${open.address}/tools/box:v1`);
  }, 60_000);

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    for (const each of [open, closed, tokens, service]) await each?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
    host?.[Symbol.dispose]();
  }, 60_000);

  const tagged = async (name: string) => {
    await docker("tag", `${open.address}/tools/box:v1`, name);
    return name;
  };

  test("by the docker CLI: what it says, and the digest that others see", async () => {
    const name = await tagged(`${open.address}/team/box:1`);
    const pushed = await docker("push", name);
    expect(pushed.stderr).toBe("");
    expect(pushed.stdout).toStartWith(`The push refers to repository [${open.address}/team/box]\n`);
    expect(pushed.stdout.match(/[0-9a-f]{12}: Mounted from tools\/box/g)?.length).toBe(2);
    const digest = /1: digest: (sha256:[0-9a-f]{64}) size: \d+\n$/.exec(pushed.stdout)?.[1];
    expect(await skopeoDigest(name)).toBe(digest as string);
    const again = await docker("push", name);
    expect(again.stdout.match(/Layer already exists/g)?.length).toBe(2);
    const quiet = await docker("push", "-q", name);
    expect(quiet.stdout).toBe(`${name}\n`);
    const listed = await docker("images", "--digests", "--format", "{{.Repository}}@{{.Digest}}");
    expect(listed.stdout).toContain(`${open.address}/team/box@${digest}`);
  }, 30_000);

  test("all tags of a repository, and no tag without a name", async () => {
    for (const tag of ["a", "b"]) await tagged(`${open.address}/all/box:${tag}`);
    const pushed = await docker("push", "-a", `${open.address}/all/box`);
    expect(pushed.stdout).toMatch(/\na: digest: sha256:[\s\S]*\nb: digest: sha256:/);
    const ours = await inro("none", "push", "-a", `${open.address}/all/box`);
    expect([ours.code, ours.stdout.match(/digest: sha256:/g)?.length]).toEqual([0, 2]);
    const missing = await docker("push", `${open.address}/nobody/box`);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("no image has this name")]);
  }, 30_000);

  test("--platform that the image is not for is refused, its own is taken", async () => {
    const name = await tagged(`${open.address}/team/box:2`);
    const own = process.arch === "x64" ? "amd64" : "arm64";
    for (const push of [docker, (...words: string[]) => inro("none", ...words)]) {
      expect((await push("push", "--platform", `linux/${own}`, name)).code).toBe(0);
      const other = await push("push", "--platform", "linux/s390x", name);
      expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("no image for linux/s390x")]);
    }
  }, 30_000);

  test("docker login, push, pull, logout at a registry with passwords", async () => {
    const name = await tagged(`${closed.address}/team/box:1`);
    const refused = await docker("push", name);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("does not let you write there"),
    ]);
    const wrong = await engine.dockerWith(
      { input: "no" },
      "login",
      "-u",
      "me",
      "--password-stdin",
      closed.address,
    );
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("does not take")]);
    const login = ["login", "-u", me.name, "--password-stdin", closed.address];
    expect((await engine.dockerWith({ input: me.password }, ...login)).code).toBe(0);
    expect((await docker("push", name)).code).toBe(0);
    expect((await docker("pull", name)).code).toBe(0);
    await docker("logout", closed.address);
    expect((await docker("pull", name)).code).toBe(1);
  }, 30_000);

  test("by a program: credentials with the request, each line of progress, what became of it in aux", async () => {
    const name = await tagged(`${closed.address}/team/box:dockerode`);
    const client = new Docker({ socketPath: engine.socket });
    const authconfig = { username: me.name, password: me.password, serveraddress: closed.address };
    const push = async (options: object) => {
      const stream = await client.getImage(`${closed.address}/team/box`).push(options);
      return await new Promise<Line[]>((resolve) =>
        client.modem.followProgress(stream, (_error, lines) => resolve(lines as Line[])),
      );
    };
    const lines = await push({ tag: "dockerode", authconfig });
    const digest = await host.run("curl", [
      ...[
        "-sI",
        "-u",
        `${me.name}:${me.password}`,
        "-H",
        "accept: application/vnd.oci.image.manifest.v1+json",
      ],
      `http://${closed.address}/v2/team/box/manifests/dockerode`,
    ]);
    expect(lines.at(-1)?.aux).toEqual({
      Tag: "dockerode",
      Digest: /docker-content-digest: (\S+)/i.exec(digest.stdout)?.[1],
      Size: expect.any(Number),
    });
    const refused = await push({ tag: "dockerode" });
    expect(refused.at(-1)?.error).toContain(`cannot push "${name}"`);
    expect(refused.at(-1)?.errorDetail?.message).toBe(refused.at(-1)?.error as string);
  }, 30_000);

  test("inro login and docker's share one file, which nobody else reads", async () => {
    const name = await tagged(`${closed.address}/team/box:2`);
    const config = join(folder.path, "shared/config.json");
    mkdirSync(join(folder.path, "shared"));
    writeFileSync(
      config,
      JSON.stringify({ psFormat: "{{.ID}}", auths: { "other.example": { auth: "eDp5" } } }),
    );
    const env = { DOCKER_CONFIG: join(folder.path, "shared") };
    const words = ["login", "-u", me.name, "--password-stdin", closed.address];
    const wrong = await engine.inroWith({ env, input: "wrong\n" }, ...words);
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringContaining("it does not take this user name"),
    ]);
    const login = await engine.inroWith({ env, input: `${me.password}\n` }, ...words);
    expect([login.code, login.stdout]).toEqual([0, "Login Succeeded\n"]);
    expect(login.stderr).toContain(`whoever reads ${config} can log in as you`);
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(config, "utf8"))).toEqual({
      psFormat: "{{.ID}}",
      auths: { "other.example": { auth: "eDp5" }, [closed.address]: { auth: btoa("me:secret") } },
    });
    expect((await engine.dockerWith({ env }, "push", name)).code).toBe(0);
    expect((await inro("shared", "push", name)).code).toBe(0);
    expect((await inro("shared", "pull", name)).code).toBe(0);
    // With what is kept, nobody is asked.
    expect((await inro("shared", "login", closed.address)).stdout).toBe("Login Succeeded\n");
    const gone = await inro("shared", "logout", closed.address);
    expect(gone.stdout).toBe(`Removing login credentials for ${closed.address}\n`);
    expect((await inro("shared", "logout", closed.address)).stdout).toBe(
      `Not logged in to ${closed.address}\n`,
    );
    expect((await inro("shared", "push", name)).code).toBe(1);
    expect(readdirSync(join(folder.path, "shared"))).toEqual(["config.json"]);
  }, 30_000);

  test("a credential helper keeps the password, for one registry or for all", async () => {
    const name = await tagged(`${closed.address}/team/box:3`);
    for (const config of [{ credsStore: "test" }, { credHelpers: { [closed.address]: "test" } }]) {
      const place = Object.keys(config)[0] ?? "";
      mkdirSync(join(folder.path, place));
      writeFileSync(join(folder.path, place, "config.json"), JSON.stringify(config));
      const env = {
        DOCKER_CONFIG: join(folder.path, place),
        KEPT: join(folder.path, "kept"),
        PATH: path(),
      };
      const words = ["login", "-u", me.name, "--password-stdin", closed.address];
      const login = await engine.inroWith({ env, input: me.password }, ...words);
      expect([login.code, login.stderr]).toEqual([0, ""]);
      expect(readFileSync(join(folder.path, place, "config.json"), "utf8")).not.toContain('auth"');
      expect(readdirSync(join(folder.path, "kept"))).toEqual([closed.address.replace(":", "_")]);
      expect((await inro(place, "push", name)).code).toBe(0);
      expect((await engine.dockerWith({ env }, "push", name)).code).toBe(0);
      expect((await inro(place, "logout", closed.address)).code).toBe(0);
      expect(readdirSync(join(folder.path, "kept"))).toEqual([]);
      expect((await inro(place, "push", name)).code).toBe(1);
    }
  }, 30_000);

  test("a helper that is missing is told, and does not hinder where no password is needed", async () => {
    mkdirSync(join(folder.path, "missing"));
    writeFileSync(join(folder.path, "missing/config.json"), JSON.stringify({ credsStore: "desktop" }));
    const pushed = await inro("missing", "push", `${open.address}/team/box:1`);
    expect(pushed.code).toBe(0);
    expect(pushed.stderr).toContain(
      "cannot use the credential helper docker-credential-desktop: there is no such program in PATH",
    );
    writeFileSync(join(folder.path, "missing/config.json"), "{");
    const login = await inro("missing", "logout");
    expect([login.code, login.stderr]).toEqual([1, expect.stringContaining('config.json": it is no JSON')]);
  }, 30_000);

  test("a token service's identity token stands for the password", async () => {
    const name = await tagged(`${tokens.address}/team/box:1`);
    const env = { DOCKER_CONFIG: join(folder.path, "tokens") };
    const words = ["login", "-u", me.name, "--password-stdin", tokens.address];
    expect((await engine.inroWith({ env, input: me.password }, ...words)).code).toBe(0);
    const kept = JSON.parse(readFileSync(join(env.DOCKER_CONFIG, "config.json"), "utf8")) as {
      auths: Record<string, { auth: string; identitytoken: string }>;
    };
    expect(kept.auths[tokens.address]).toEqual({ auth: btoa("me:"), identitytoken: expect.any(String) });
    const before = service.seen.length;
    expect((await inro("tokens", "push", name)).code).toBe(0);
    expect((await engine.dockerWith({ env }, "pull", name)).code).toBe(0);
    expect(new Set(service.seen.slice(before).map(({ user }) => user))).toEqual(new Set(["refresh token"]));
  }, 30_000);

  test("in a terminal inro login asks, and shows no password", async () => {
    const config = join(folder.path, "typed");
    using terminal = screen([...engine.command, "login", closed.address], { DOCKER_CONFIG: config });
    await terminal.shows("Username: ");
    terminal.type("me\n");
    await terminal.shows("Password: ");
    terminal.type("secretx\x7f\r");
    expect(await terminal.exited).toBe(0);
    await terminal.shows("Login Succeeded");
    expect(terminal.text).not.toContain("secret");
    expect((await inro("typed", "login", closed.address)).code).toBe(0);
  }, 30_000);

  test("in a terminal each layer has its bar", async () => {
    const name = await tagged(`${open.address}/screen/box:1`);
    using terminal = screen([...engine.command, "push", name], { DOCKER_CONFIG: folder.path });
    expect(await terminal.exited).toBe(0);
    await terminal.shows("1: digest: sha256:");
    expect(terminal.text).toMatch(/[0-9a-f]{12}\S* {2}\S*(Mounted from|Pushed)/);
  }, 30_000);

  test("Ctrl-C ends the push at the daemon and at the registry", async () => {
    await using slow = await writtenRegistry({ hold: true });
    const name = await tagged(`${slow.address}/team/box:1`);
    const [program = "", ...words] = engine.command;
    const child = host.spawn(program, [...words, "push", name], { env: { DOCKER_CONFIG: folder.path } });
    for (let tries = 0; !slow.seen.some(({ method }) => method === "PATCH"); tries++) {
      if (tries > 200) throw new Error("no upload began");
      await Bun.sleep(20);
    }
    child.kill("SIGINT");
    for (let tries = 0; slow.open.size > 0; tries++) {
      if (tries > 200) throw new Error("the upload was not given up");
      await Bun.sleep(20);
    }
    expect([...slow.manifests.keys()]).toEqual([]);
  }, 30_000);
});
