import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ownHost } from "../support/host.ts";
import { dockerEngine, engineMissing } from "./docker.ts";

describe.skipIf(engineMissing)("the unmodified docker CLI and links", () => {
  const it = dockerEngine(ownHost);
  const { docker, ok, inspect } = it;
  const address = async (name: string, network: string) =>
    (await inspect("container", name)).NetworkSettings.Networks[network].IPAddress as string;
  const hosts = (name: string) => ok("exec", name, "cat", "/etc/hosts");

  beforeAll(async () => {
    await ok(
      "run",
      "-d",
      "--name",
      "db",
      "--expose",
      "5432",
      "--expose",
      "53/udp",
      "-e",
      "PASSWORD=secret",
      "busybox",
      "sleep",
      "600",
    );
    await ok("network", "create", "web");
  }, 30_000);
  afterAll(async () => {
    await docker("rm", "-f", "db", "app", "user", "other");
    await docker("network", "rm", "web");
  }, 30_000);

  test("on the default network: names in /etc/hosts, and the variables of old", async () => {
    const at = await address("db", "bridge");
    const { Id } = await inspect("container", "db");
    await ok(
      "run",
      "-d",
      "--name",
      "app",
      "--link",
      "db:data-base",
      "-e",
      "DATA_BASE_ENV_OWN=kept",
      "busybox",
      "sleep",
      "600",
    );
    for (const name of ["data-base", "db", Id.slice(0, 12)])
      expect(await hosts("app")).toContain(`${at}\t${name}\n`.trim());
    const env = (await ok("exec", "app", "env")).split("\n");
    for (const line of [
      `DATA_BASE_PORT=udp://${at}:53`,
      `DATA_BASE_PORT_5432_TCP=tcp://${at}:5432`,
      `DATA_BASE_PORT_5432_TCP_ADDR=${at}`,
      "DATA_BASE_PORT_5432_TCP_PORT=5432",
      "DATA_BASE_PORT_5432_TCP_PROTO=tcp",
      "DATA_BASE_NAME=/app/data-base",
      "DATA_BASE_ENV_PASSWORD=secret",
      "DATA_BASE_ENV_OWN=kept",
    ])
      expect(env).toContain(line);
    expect((await inspect("container", "app")).HostConfig.Links).toEqual(["/db:/app/data-base"]);
    expect((await inspect("container", "app")).Config.Env).not.toContain("DATA_BASE_NAME=/app/data-base");
    expect(await ok("exec", "app", "cat", "/etc/hosts")).toContain("data-base");
  }, 30_000);

  test("who is linked to it learns of its new address, and one that does not run cannot be linked to", async () => {
    const before = await address("db", "bridge");
    await ok("stop", "-t", "0", "db");
    const failed = await docker("run", "--rm", "--link", "db", "busybox", "true");
    expect(failed.stderr).toContain("Cannot link to a non running container: /db AS");
    // Its address is another's meanwhile.
    await ok("run", "-d", "--name", "other", "busybox", "sleep", "600");
    await ok("start", "db");
    const now = await address("db", "bridge");
    expect(await hosts("app")).toContain(`${now}\tdata-base`);
    if (now !== before) expect(await hosts("app")).not.toContain(`${before}\tdata-base`);
  }, 30_000);

  test("on a network of the user's: an alias that this container alone has", async () => {
    await ok("network", "connect", "web", "db");
    await ok(
      "run",
      "-d",
      "--name",
      "user",
      "--network",
      "web",
      "--link",
      "db:mine",
      "busybox",
      "sleep",
      "600",
    );
    const at = await address("db", "web");
    expect(await hosts("user")).toContain(`${at}\tmine`);
    expect(await ok("exec", "user", "env")).not.toContain("MINE_");
    expect(
      (await docker("run", "--rm", "--network", "web", "busybox", "cat", "/etc/hosts")).stdout,
    ).not.toContain("mine");
  }, 30_000);

  test("what cannot be linked is refused by name", async () => {
    const refused = async (...words: string[]) => (await docker("create", ...words, "busybox")).stderr;
    expect(await refused("--link", "nobody")).toContain("could not get container for nobody");
    expect(await refused("--network", "host", "--link", "db")).toContain(
      "host type networking can't be used with links",
    );
    expect(await refused("--link", "a:b:c")).toContain("bad format for links");
    expect((await docker("network", "connect", "--link", "nobody:x", "web", "app")).stderr).toContain(
      "could not get container for nobody",
    );
  });

  test("network connect --link: in that network alone, at once, and after a restart of either", async () => {
    await ok("network", "connect", "--link", "db:late", "web", "app");
    const at = await address("db", "web");
    expect(await hosts("app")).toContain(`${at}\tlate`);
    expect((await hosts("app")).match(/\tlate$/gm)).toHaveLength(1);
    const networks = async () => (await inspect("container", "app")).NetworkSettings.Networks;
    expect((await networks()).web.Links).toEqual(["db:late"]);
    expect((await networks()).bridge.Links).toBeNull();
    await ok("restart", "-t", "0", "app");
    expect(await hosts("app")).toContain(`${at}\tlate`);
    await ok("network", "disconnect", "web", "db");
    await ok("network", "connect", "--ip", "", "web", "db");
    await ok("restart", "-t", "0", "db");
    expect(await hosts("app")).toContain(`${await address("db", "web")}\tlate`);
    await ok("network", "disconnect", "web", "app");
    expect(await hosts("app")).not.toContain("\tlate");
    expect(await hosts("app")).toContain("\tdata-base");
  }, 30_000);
});
