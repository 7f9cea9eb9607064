import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Credentials,
  findCredentials,
  forgetCredentials,
  keepCredentials,
  serverOf,
} from "../../src/cli/credentials/credentials.ts";
import { authConfig } from "../../src/cli/credentials/header.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe("credentials in docker's config.json", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const before = process.env["DOCKER_CONFIG"];
  const path = () => join(folder.path, "config.json");
  const write = (config: object) => writeFileSync(path(), JSON.stringify(config));
  const held = () => JSON.parse(readFileSync(path(), "utf8")) as { auths: Record<string, object> };
  beforeEach(() => {
    folder = temporaryFolder("credentials");
    process.env["DOCKER_CONFIG"] = folder.path;
  });
  afterEach(() => {
    if (before === undefined) delete process.env["DOCKER_CONFIG"];
    else process.env["DOCKER_CONFIG"] = before;
    folder[Symbol.dispose]();
  });

  test("are kept under the registry's host, docker.io's under docker's old name", () => {
    const names = ["", "docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"];
    for (const name of names) expect(serverOf(name)).toBe("https://index.docker.io/v1/");
    expect(serverOf("https://registry.example.com:5000/v2/")).toBe("registry.example.com:5000");
  });

  const kinds: readonly Credentials[] = [
    { username: "me", password: "a:b:c ü" },
    { username: "me", identityToken: "lasting" },
    { username: "me", registryToken: "bearer" },
  ];
  for (const each of kinds) {
    test(`are found again as they were kept: ${Object.keys(each).join(", ")}`, async () => {
      expect(await keepCredentials("docker.io", each)).toBe(path());
      expect(await findCredentials("docker.io")).toEqual(each);
      expect(await findCredentials("registry.example.com")).toBeUndefined();
      expect(statSync(path()).mode & 0o777).toBe(0o600);
      expect(authConfig("docker.io", each)).toMatchObject({ serveraddress: "https://index.docker.io/v1/" });
      expect(await forgetCredentials("docker.io")).toBe(true);
      expect(held().auths).toEqual({});
      expect(await forgetCredentials("docker.io")).toBe(false);
    });
  }

  test("are read as docker wrote them in all its years", async () => {
    write({
      auths: {
        "https://old.example.com/v1/": { auth: btoa("me:old") },
        "plain.example.com": { username: "me", password: "plain" },
        "padded.example.com": { auth: btoa("me:padded\0\0") },
        "helped.example.com": {},
      },
    });
    expect(await findCredentials("old.example.com")).toEqual({ username: "me", password: "old" });
    expect(await findCredentials("plain.example.com")).toEqual({ username: "me", password: "plain" });
    expect(await findCredentials("padded.example.com")).toEqual({ username: "me", password: "padded" });
    expect(await findCredentials("helped.example.com")).toBeUndefined();
    expect(await forgetCredentials("old.example.com")).toBe(true);
    expect(Object.keys(held().auths)).not.toContain("https://old.example.com/v1/");
  });

  test("that a pipeline hands over in its environment go before the file", async () => {
    write({ auths: { a: { auth: btoa("me:file") }, b: { auth: btoa("me:file") } } });
    process.env["DOCKER_AUTH_CONFIG"] = JSON.stringify({ auths: { a: { auth: btoa("me:handed") } } });
    try {
      expect(await findCredentials("a")).toEqual({ username: "me", password: "handed" });
      expect(await findCredentials("b")).toEqual({ username: "me", password: "file" });
      process.env["DOCKER_AUTH_CONFIG"] = "no";
      await expect(findCredentials("a")).rejects.toMatchObject({ what: "cannot read DOCKER_AUTH_CONFIG" });
    } finally {
      delete process.env["DOCKER_AUTH_CONFIG"];
    }
  });

  test("a link to the file stays a link, what is unknown in it stays there", async () => {
    mkdirSync(join(folder.path, "else"));
    const real = join(folder.path, "else/real.json");
    writeFileSync(real, JSON.stringify({ proxies: { default: { httpProxy: "x" } } }));
    symlinkSync(real, path());
    await keepCredentials("registry.example.com", { username: "me", password: "secret" });
    expect(lstatSync(path()).isSymbolicLink()).toBe(true);
    expect(held()).toEqual({
      proxies: { default: { httpProxy: "x" } },
      auths: { "registry.example.com": { auth: btoa("me:secret") } },
    } as never);
  });

  test("a file that is damaged is refused, and left as it is", async () => {
    for (const [text, why] of [
      ["{", "it is no JSON"],
      ['{"auths": {"x": {"auth": 5}}}', "auths.x.auth: Invalid type: Expected string but received 5"],
    ] as const) {
      writeFileSync(path(), text);
      const keeping = keepCredentials("x", { username: "me", password: "secret" });
      await expect(keeping).rejects.toMatchObject({ code: "CONFIG_INVALID", why });
      expect(readFileSync(path(), "utf8")).toBe(text);
    }
  });

  test("a helper is a program's name and no path", async () => {
    write({ credsStore: "../../tmp/evil" });
    await expect(findCredentials("x")).rejects.toMatchObject({
      code: "CREDENTIAL_HELPER_FAILED",
      why: "that is no program's name",
    });
  });
});
