import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { BridgeNetwork, NetworkRequest } from "../../src/network/network.ts";
import { rootMissing } from "../support/engine.ts";
import { tool } from "../support/tools.ts";
import { command, type Other, ownNetwork } from "./namespace.ts";
import { block, type Engine, engine, neighbour, request } from "./setting.ts";
import { call, serve } from "./talk.ts";

const nft = tool("nft");
const links = (): string[] => command("ip", "-o", "link").match(/(?<=: )[\w.-]+(?=[@:])/g) ?? [];

const FILTERED = "/proc/sys/net/bridge/bridge-nf-call-iptables";

/** Sends one datagram. */
const sender = (address: string, port: number, word: string) =>
  `const s = require("dgram").createSocket("udp4"); s.send("${word}", ${port}, "${address}", () => s.close())`;

/** Listens for datagrams; `first` is the first one's text. */
function sink(where: Other, port: number) {
  const script = `const s = require("dgram").createSocket("udp4");
    s.on("message", (m) => console.log(String(m))); s.bind(${port}, "0.0.0.0", () => console.log("up"))`;
  const lines = createInterface({ input: where.start(process.execPath, "-e", script).stdout as Readable });
  const read = lines[Symbol.asyncIterator]();
  const next = async () => String((await read.next()).value);
  const ready = next();
  return { ready, first: ready.then(next) };
}

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

async function make({ networks }: Engine, name: string, change: Partial<NetworkRequest<BridgeNetwork>> = {}) {
  const network = networks.reserve({
    ...{
      name,
      driver: "bridge",
      interface: `br-${name}`,
      blocks: [block()],
    },
    ...{ internal: false, open: true, masquerade: true, mtu: null, publishOn: "" },
    ...change,
  });
  await networks.make(network);
  return network;
}

describe.skipIf(rootMissing)("networks that somebody made", () => {
  test("connect their containers with each other and with the world", async () => {
    const one = await engine(scope);
    const world = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    await make(one, "web");
    const [a, b] = [await one.join("web", "a"), await one.join("web", "b", "8000:80")];
    await Promise.all([serve(b, 80), serve(world, 81)]);
    expect(call(a, b.address, 80)).toBe(a.address);
    expect(call("host", b.address, 80)).toBe(b.gateway);
    expect(call(a, "198.51.100.2", 81)).toBe("198.51.100.1");
    // Published: from outside, with its address kept; from the host's loopback; from a container of the same network.
    expect(call(world, "198.51.100.1", 8000)).toBe("198.51.100.2");
    expect(call("host", "127.0.0.1", 8000)).toBe(b.gateway);
    expect(call(a, "198.51.100.1", 8000)).toBe(b.gateway);
  });

  test("R27 are closed to each other, to the default network and to neighbours, but for what is published", async () => {
    const one = await engine(scope);
    const outside = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    await make(one, "web");
    await make(one, "db");
    const [web, db, plain] = [
      await one.join("web", "w", "8000:80"),
      await one.join("db", "d"),
      await one.container("p"),
    ];
    await Promise.all([serve(web, 80), serve(web, 53, "udp"), serve(db, 80), serve(plain, 80)]);
    const all = [web, db, plain];
    for (const from of all)
      for (const to of all)
        if (from !== to) {
          expect(call(from, to.address, 80)).toBeUndefined();
          expect(call(from, to.address, 53, "udp")).toBeUndefined();
        }
    outside.run("ip", "route", "replace", "default", "via", "198.51.100.1");
    for (const to of all) expect(call(outside, to.address, 80)).toBeUndefined();
    expect(call(db, "198.51.100.1", 8000)).toBe(web.gateway);
  });

  // br_netfilter shows frames within a bridge to the rules as well; nothing may depend on it.
  test.each(existsSync(FILTERED) ? ["0", "1"] : ["none"])(
    "with icc=false keep their containers apart, directly and by way of the host (br_netfilter: %s)",
    async (filtered) => {
      if (filtered !== "none") writeFileSync(FILTERED, filtered);
      const one = await engine(scope);
      const world = await neighbour(scope, "198.51.100.1", "198.51.100.2");
      await make(one, "apart", { open: false });
      const [a, b] = [await one.join("apart", "a"), await one.join("apart", "b", "8000:80")];
      await Promise.all([serve(b, 80), serve(b, 81), serve(world, 82)]);
      expect(call(a, b.address, 81)).toBeUndefined();
      a.run("ip", "route", "add", `${b.address}/32`, "via", a.gateway);
      expect(call(a, b.address, 81)).toBeUndefined();
      expect(call(a, "198.51.100.2", 82)).toBe("198.51.100.1");
      // Not through a published port either; the world may.
      expect(call(a, "198.51.100.1", 8000)).toBeUndefined();
      expect(call(world, "198.51.100.1", 8000)).toBe("198.51.100.2");
    },
  );

  test("R27 internal ones have no way out, nor in, nor to a port that another network publishes", async () => {
    const one = await engine(scope);
    const world = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    const inside = await make(one, "inside", { internal: true });
    const [a, b] = [await one.join("inside", "a"), await one.join("inside", "b", "8001:80")];
    const web = await one.container("web", "8000:80");
    await Promise.all([serve(b, 80), serve(web, 80), serve(world, 81)]);
    expect(call(a, b.address, 80)).toBe(a.address);
    expect(b.attachment.ports).toEqual([]);
    expect(a.run("ip", "route", "show", "default")).toBe("");
    const gateway = inside.blocks[0]?.gateway ?? "";
    a.run("ip", "route", "add", "default", "via", gateway);
    expect(call(a, "198.51.100.2", 81)).toBeUndefined();
    expect(call(a, "198.51.100.1", 8000)).toBeUndefined();
    expect(call(a, web.address, 80)).toBeUndefined();
    expect(call(world, b.address, 80)).toBeUndefined();
    expect(call(web, b.address, 80)).toBeUndefined();
    // Not one packet gets out, whether it could be answered or not.
    const heard = sink(world, 90);
    await heard.ready;
    for (const [from, word] of [
      [a, "inside"],
      [web, "allowed"],
    ] as const)
      from.run(process.execPath, "-e", sender("198.51.100.2", 90, word));
    expect(await heard.first).toBe("allowed");
  });

  test("have their own mtu, and leave with their own address where nothing is masqueraded", async () => {
    const one = await engine(scope);
    const world = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    await make(one, "small", { mtu: 1280, masquerade: false });
    const a = await one.join("small", "a");
    await serve(world, 81);
    expect(command("ip", "link", "show", "br-small")).toContain("mtu 1280");
    expect(a.run("ip", "link", "show", "eth0")).toContain("mtu 1280");
    expect(call(a, "198.51.100.2", 81)).toBe(a.address);
  });

  test.skipIf(nft === undefined)("cost no rule: a hundred have as many as one", async () => {
    const one = await engine(scope);
    const rules = () => command(nft ?? "", "-a", "list", "ruleset").match(/handle/g)?.length ?? 0;
    await make(one, "first");
    const before = rules();
    for (let n = 0; n < 20; n++) await make(one, `n${n}`);
    expect(rules()).toBe(before);
  });

  test("are gone without a trace once removed; one that is used is not removed", async () => {
    const one = await engine(scope);
    await make(one, "kept");
    const before = [links(), nft === undefined ? "" : command(nft, "list", "ruleset")];
    const gone = await make(one, "gone");
    const a = await one.join("gone", "a");
    await expect(one.networks.remove(gone)).rejects.toMatchObject({
      code: "NETWORK_IN_USE",
      why: "network gone has active endpoints (a)",
    });
    await one.networks.disconnect(a.attachment, { from: a.pid });
    await one.networks.remove(gone);
    expect([links(), nft === undefined ? "" : command(nft, "list", "ruleset")]).toEqual(before);
    await expect(one.networks.connect(request("b", [], { network: "gone" }))).rejects.toMatchObject({
      code: "NO_SUCH_NETWORK",
    });
  });

  test("come back when their bridges are gone, as after a reboot, and give no address twice", async () => {
    const one = await engine(scope);
    const web = await make(one, "web", { blocks: [block({ subnet: "10.99.0.0/29" })] });
    const a = await one.join("web", "a");
    await serve(a, 80);
    command("ip", "link", "delete", "br-web");
    const two = await one.restarted();
    two.networks.know(web);
    two.networks.adopt(a.attachment);
    await two.networks.make(web);
    expect(call("host", a.address, 80)).toBe("10.99.0.1");
    const others = [];
    for (const name of ["b", "c", "d", "e"]) others.push((await two.join("web", name)).address);
    expect(new Set([a.address, ...others]).size).toBe(5);
    await expect(two.join("web", "f")).rejects.toMatchObject({ code: "NO_FREE_ADDRESS" });
  });

  test("are not made where the host has an interface of that name", async () => {
    const { networks } = await engine(scope);
    command("ip", "link", "add", "taken", "type", "bridge");
    const network = networks.reserve({
      ...{
        name: "web",
        driver: "bridge",
        interface: "taken",
        blocks: [block()],
      },
      ...{ internal: false, open: true, masquerade: true, mtu: null, publishOn: "" },
    });
    await expect(networks.checkFresh(network)).rejects.toMatchObject({ code: "INTERFACE_IN_USE" });
  });

  test("CVE-2020-13401: none of their bridges has IPv6", async () => {
    await make(await engine(scope), "web");
    expect(readFileSync("/proc/sys/net/ipv6/conf/br-web/disable_ipv6", "utf8")).toBe("1\n");
  });
});

describe.skipIf(rootMissing)("a container that runs", () => {
  test("joins another network and leaves it; its published port and default route move to what is left", async () => {
    const one = await engine(scope);
    const world = await neighbour(scope, "198.51.100.1", "198.51.100.2");
    await make(one, "web");
    await make(one, "db");
    const [a, d] = [await one.join("web", "a", "8000:80"), await one.join("db", "d")];
    await Promise.all([serve(a, 80), serve(d, 80), serve(world, 81)]);
    expect(call(a, d.address, 80)).toBeUndefined();
    const second = await one.networks.connect(
      request("a", [], { network: "db", number: 1, leads: [], joined: true }),
    );
    await one.networks.join(second, a.pid);
    expect(call(a, d.address, 80)).toBe(second.addresses[0]?.address);
    expect(call(world, "198.51.100.1", 8000)).toBe("198.51.100.2");

    await one.networks.disconnect(a.attachment, { from: a.pid, keepPorts: true });
    expect(call("host", "127.0.0.1", 8000)).toBeUndefined();
    expect(call(a, "198.51.100.2", 81)).toBeUndefined();
    const led = await one.networks.leadThrough(second, { families: [4], ports: a.attachment.ports }, a.pid);
    expect(call(a, "198.51.100.2", 81)).toBe("198.51.100.1");
    expect(call(world, "198.51.100.1", 8000)).toBe("198.51.100.2");
    await expect(one.container("rival", "8000:80")).rejects.toMatchObject({ code: "PORT_IN_USE" });
    await one.networks.disconnect(led, { from: a.pid });
    expect(a.run("ip", "-o", "link").match(/eth\d/g)).toBeNull();
    await one.container("next", "8000:80");
  });

  test("leaves nothing of what it joined when it ends in a namespace that another shares", async () => {
    const one = await engine(scope);
    await make(one, "web");
    await make(one, "db");
    const a = await one.join("web", "a");
    const change = { network: "db", number: 1, leads: [], joined: true };
    const second = await one.networks.connect(request("a", [], change));
    await one.networks.join(second, a.pid);
    // Its monitor takes back what its plan made; the namespace lives on.
    await one.undo(a);
    for (const attachment of [a.attachment, second])
      await one.networks.disconnect(attachment, { undone: true });
    for (let tries = 0; a.run("ip", "-o", "link").includes("eth"); tries++) {
      if (tries > 100) throw new Error(a.run("ip", "-o", "link"));
      await Bun.sleep(30);
    }
  });

  test("whose namespace is gone is not connected, and nothing is left", async () => {
    const one = await engine(scope);
    await make(one, "web");
    const before = links();
    const attachment = await one.networks.connect(request("a", [], { network: "web" }));
    await expect(one.networks.join(attachment, 0x3fffffff)).rejects.toMatchObject({
      code: "NETWORK_SETUP_FAILED",
    });
    expect(links()).toEqual(before);
  });
});
