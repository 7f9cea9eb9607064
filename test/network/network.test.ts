import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { rootMissing } from "../support/engine.ts";
import { tool } from "../support/tools.ts";
import { command, ownNetwork } from "./namespace.ts";
import { engine, neighbour, request } from "./setting.ts";
import { call, serve } from "./talk.ts";

const privileged = describe.skipIf(rootMissing);

/** Lists the host's rules with Debian's own program. */
const nft = tool("nft");
const rules = () => command(nft ?? "nft", "list", "ruleset");
const links = (): string[] => command("ip", "-o", "link").match(/(?<=: )[\w.-]+(?=[@:])/g) ?? [];

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

privileged("the default bridge", () => {
  test("connects containers with each other, with the host and with the world behind it", async () => {
    const { container } = await engine(scope);
    const world = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    const [web, other] = [await container("web"), await container("other")];
    await Promise.all([serve(web, 80), serve(world, 81)]);
    expect(call(other, web.address, 80)).toBe(other.address);
    expect(call("host", web.address, 80)).toBe(web.gateway);
    // The world sees the host's address: containers leave masqueraded.
    expect(call(web, "198.51.100.2", 81)).toBe("198.51.100.1");
  });

  test("is made at first need, once, and says when it had to switch forwarding on", async () => {
    const { networks, told } = await engine(scope);
    writeFileSync("/proc/sys/net/ipv4/ip_forward", "0");
    expect(links()).toEqual(["lo"]);
    const network = await networks.ensureDefault();
    expect(await networks.ensureDefault()).toEqual(network);
    expect(links()).toEqual(["lo", network.interface]);
    expect(told).toEqual([expect.stringContaining("net.ipv4.ip_forward was 0")]);
    expect(readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8")).toBe("1\n");
  });

  test("has no IPv6, so that no container can become the host's router (CVE-2020-13401)", async () => {
    const { networks } = await engine(scope);
    const { interface: bridge } = await networks.ensureDefault();
    expect(readFileSync(`/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`, "utf8")).toBe("1\n");
    expect(command("ip", "-6", "address", "show", "dev", bridge)).toBe("");
  });

  test("is refused where an interface of its name is something else", async () => {
    const { networks } = await engine(scope);
    const { interface: bridge } = await networks.ensureDefault();
    command("ip", "link", "delete", bridge);
    command("ip", "link", "add", bridge, "type", "veth", "peer", "name", "x");
    await expect(networks.ensureDefault()).rejects.toMatchObject({
      code: "NETWORK_SETUP_FAILED",
      why: `an interface ${bridge} exists and is not a bridge`,
    });
  });

  test.skipIf(nft === undefined)("comes back when an administrator flushed every rule", async () => {
    const { networks, container } = await engine(scope);
    const web = await container("web", "8000:80");
    await serve(web, 80);
    const before = rules();
    command(nft ?? "", "flush", "ruleset");
    expect(call("host", "127.0.0.1", 8000)).toBeUndefined();
    await networks.ensureDefault();
    expect(rules()).toBe(before);
    expect(call("host", "127.0.0.1", 8000)).toBe(web.gateway);
  });

  test("comes back, with its containers, when it was deleted", async () => {
    const { networks, container } = await engine(scope);
    const web = await container("web");
    await serve(web, 80);
    command("ip", "link", "delete", (await networks.ensureDefault()).interface);
    expect(call("host", web.address, 80)).toBeUndefined();
    await networks.ensureDefault();
    expect(call("host", web.address, 80)).toBe(web.gateway);
  });
});

privileged("published ports", () => {
  test("lead to the container from the host, from its loopback, from outside and from containers", async () => {
    const { container } = await engine(scope);
    const outside = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    const web = await container("web", "8000:80");
    const other = await container("other");
    await serve(web, 80);
    const { gateway } = web;
    expect(call("host", "127.0.0.1", 8000)).toBe(gateway);
    expect(call("host", "198.51.100.1", 8000)).toBe("198.51.100.1");
    // Who calls is seen as who it is.
    expect(call(outside, "198.51.100.1", 8000)).toBe("198.51.100.2");
    expect(call(other, "198.51.100.1", 8000)).toBe(gateway);
    expect(call(other, gateway, 8000)).toBe(gateway);
    // Its own port, the long way round.
    expect(call(web, gateway, 8000)).toBe(gateway);
  });

  test("of UDP do too", async () => {
    const { container } = await engine(scope);
    const outside = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    const dns = await container("dns", "5300:53/udp");
    await serve(dns, 53, "udp");
    expect(call(outside, "198.51.100.1", 5300, "udp")).toBe("198.51.100.2");
    expect(call("host", "127.0.0.1", 5300, "udp")).toBe(dns.gateway);
  });

  test("without a host port get a free one", async () => {
    const { container } = await engine(scope);
    const web = await container("web", "80", "81");
    await serve(web, 81);
    const [first, second] = web.attachment.ports.map((port) => port.hostPort);
    expect(first).toBeGreaterThan(1023);
    expect(second).not.toBe(first);
    expect(call("host", "127.0.0.1", second ?? 0)).toBe(web.gateway);
  });

  test("on one address answer on no other", async () => {
    const { container } = await engine(scope);
    const outside = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    command("ip", "address", "add", "203.0.113.1/32", "dev", "lo");
    const web = await container("web", "203.0.113.1:8000:80");
    await serve(web, 80);
    expect(call(outside, "203.0.113.1", 8000)).toBe("198.51.100.2");
    expect(call(outside, "198.51.100.1", 8000)).toBeUndefined();
    expect(call("host", "127.0.0.1", 8000)).toBeUndefined();
  });

  test("two containers may share a port on different addresses, and a number over different protocols", async () => {
    const { container } = await engine(scope);
    const one = await container("one", "127.0.0.1:8000:80", "9000:80/udp");
    const two = await container("two", "127.0.0.2:8000:80", "9000:80/tcp");
    await Promise.all([serve(one, 80), serve(two, 80)]);
    expect(call("host", "127.0.0.1", 8000)).toBe(one.gateway);
    expect(call("host", "127.0.0.2", 8000)).toBe(two.gateway);
  });
});

privileged("a port that is taken", () => {
  const refused = (why: unknown) => expect.objectContaining({ code: "PORT_IN_USE", why });

  test("names the container that holds it, and takes nothing", async () => {
    const { networks, container } = await engine(scope);
    const web = await container("web", "8000:80");
    for (const text of ["8000:80", "127.0.0.1:8000:81"])
      await expect(container("api", "8001:80", text)).rejects.toEqual(
        refused('port is already allocated: container "web" has published it'),
      );
    await container("next", "8001:80");
    await networks.disconnect(web.attachment);
    await container("again", "8000:80");
  });

  test("names the process that listens there", async () => {
    const { container } = await engine(scope);
    const server = createServer();
    await new Promise<void>((done) => server.listen(8000, "127.0.0.1", done));
    scope.defer(() => server.close());
    const comm = readFileSync("/proc/self/comm", "utf8").trim();
    await expect(container("web", "8000:80")).rejects.toEqual(
      refused(`address already in use: ${comm} (pid ${process.pid}) listens on it`),
    );
    await expect(container("web", "8000:80")).rejects.toThrow(
      'cannot publish 0.0.0.0:8000/tcp for container "web"',
    );
  });

  test("is taken for other programs too: they hear EADDRINUSE instead of nothing", async () => {
    const { container } = await engine(scope);
    await container("web", "8000:80");
    const server = createServer();
    const error = await new Promise<{ code?: string }>((done) => {
      server.once("error", done);
      server.listen(8000, "127.0.0.1");
    });
    expect(error.code).toBe("EADDRINUSE");
  });

  test("on an address that the host does not have is refused", async () => {
    const { container } = await engine(scope);
    await expect(container("web", "192.0.2.9:8000:80")).rejects.toMatchObject({
      code: "INVALID_OPTION",
      why: "the host does not have the address 192.0.2.9",
    });
  });
});

privileged("two engines on one host", () => {
  test("do not see each other's bridges, tables or addresses", async () => {
    const [one, two] = [await engine(scope), await engine(scope)];
    const [web, api] = [await one.container("web", "8000:80"), await two.container("api", "8001:80")];
    await Promise.all([serve(web, 80), serve(api, 80)]);
    expect(web.gateway).not.toBe(api.gateway);
    expect(call(web, api.address, 80)).toBeUndefined();
    expect(call("host", "127.0.0.1", 8000)).toBe(web.gateway);
    expect(call("host", "127.0.0.1", 8001)).toBe(api.gateway);
    expect(call(web, web.gateway, 8001)).toBe(api.gateway);
    await two.networks.disconnect(api.attachment);
    expect(call("host", "127.0.0.1", 8000)).toBe(web.gateway);
  });

  test("of which one holds a port: the other names its process", async () => {
    const [one, two] = [await engine(scope), await engine(scope)];
    await one.container("web", "8000:80");
    await expect(two.container("api", "8000:80")).rejects.toMatchObject({
      code: "PORT_IN_USE",
      why: expect.stringContaining(`(pid ${process.pid}) listens on it`),
    });
  });
});

privileged("after the daemon's death", () => {
  test("what ran goes on; it is adopted, and nothing of it is given again", async () => {
    const first = await engine(scope);
    const web = await first.container("web", "8000:80");
    await serve(web, 80);
    const second = await first.restarted();
    expect(call("host", "127.0.0.1", 8000)).toBe(web.gateway);
    second.networks.adopt(JSON.parse(JSON.stringify(web.attachment)));
    const next = await second.container("next");
    expect(next.address).not.toBe(web.address);
    expect(call("host", "127.0.0.1", 8000)).toBe(web.gateway);
    await expect(second.container("rival", "8000:80")).rejects.toMatchObject({ code: "PORT_IN_USE" });
  });

  test.skipIf(nft === undefined)("what no longer runs is swept", async () => {
    const first = await engine(scope);
    const gone = await first.container("gone", "8000:80");
    const stays = await first.container("stays", "8001:80");
    const second = await first.restarted();
    second.networks.adopt(stays.attachment);
    const network = await second.networks.ensureDefault();
    expect(links().sort()).toEqual(["lo", network.interface, stays.attachment.hostInterface].sort());
    expect(rules()).not.toContain(gone.address);
    expect(rules()).toContain(stays.address);
  });

  test("a container that ended meanwhile can be disconnected without hurting its ports' next holder", async () => {
    const first = await engine(scope);
    const gone = await first.container("gone", "8000:80");
    const second = await first.restarted();
    const web = await second.container("web", "8000:80");
    await serve(web, 80);
    await second.networks.disconnect(gone.attachment);
    expect(call("host", "127.0.0.1", 8000)).toBe(web.gateway);
  });
});

privileged("the process that speaks to the kernel", () => {
  test("may be killed: the next start has another one", async () => {
    const { networks, container } = await engine(scope);
    await networks.ensureDefault();
    // The setting has one of its own, which is older.
    process.kill(Math.max(...executors()), "SIGKILL");
    const web = await container("web", "8000:80");
    await serve(web, 80);
    expect(call("host", "127.0.0.1", 8000)).toBe(web.gateway);
  });
});

/** Children of this process that are executors. */
const executors = () =>
  globSync("/proc/self/task/*/children")
    .flatMap((path) => readFileSync(path, "utf8").trim().split(" "))
    .filter((pid) => pid !== "" && readFileSync(`/proc/${pid}/comm`, "utf8") === "inro-executor\n")
    .map(Number);

privileged("disconnect", () => {
  test.skipIf(nft === undefined)("leaves nothing of a container, done twice or thrice", async () => {
    const { networks, container } = await engine(scope);
    await networks.ensureDefault();
    const [linksBefore, rulesBefore] = [links(), rules()];
    const web = await container("web", "8000:80", "127.0.0.1:8001:81/udp");
    expect(rules()).not.toBe(rulesBefore);
    for (let times = 0; times < 3; times++) await networks.disconnect(web.attachment);
    expect(rules()).toBe(rulesBefore);
    // The interface is the monitor's to remove, which there is none here: the engine looks after it.
    for (let tries = 0; links().length > linksBefore.length && tries < 100; tries++) await Bun.sleep(50);
    expect(links()).toEqual(linksBefore);
  });

  test("the plan's own undo leaves nothing either, and the daemon's after it is no error", async () => {
    const { networks, container, undo } = await engine(scope);
    const web = await container("web", "8000:80");
    await undo(web);
    expect(links()).toHaveLength(2);
    await networks.disconnect(web.attachment);
    await container("next", "8000:80");
  });
});

privileged("other networks", () => {
  test("none has a loopback and nothing else; host has no namespace to set up", async () => {
    const { networks } = await engine(scope);
    const none = await networks.connect(request("c", ["8000:80"], { network: "none" }));
    expect(none.fragment.build.map((op) => op.kind === "netlink" && op.what)).toEqual(["lo up"]);
    const host = await networks.connect(request("c", ["8000:80"], { network: "host" }));
    expect(host.fragment).toEqual({ host: [], map: [], build: [], undo: [] });
    expect([none.ports, host.ports]).toEqual([[], []]);
    expect(links()).toEqual(["lo"]);
  });
});
