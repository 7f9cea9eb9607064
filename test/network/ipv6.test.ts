import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { attachmentRecord } from "../../src/network/network.ts";
import { addressBytes } from "../../src/oci/address.ts";
import { rootMissing } from "../support/engine.ts";
import { BEYOND, behindNarrow, make, OURS, THEIRS, world } from "./dual.ts";
import { command, type Other, ownNetwork } from "./namespace.ts";
import { hasSctp, sctpClient, sctpServer } from "./sctp.ts";
import { block, type Engine, engine, request } from "./setting.ts";
import { call, serve } from "./talk.ts";

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

const parameter = (name: string, which: string) =>
  readFileSync(`/proc/sys/net/ipv6/conf/${name}/${which}`, "utf8").trim();

/** Calls what the engine of this process hands on itself. */
const handedOn = (host: string, port: number) => text(connect({ host, port }));

/** Sends to a port where nobody listens: what the sender hears of it. */
const refused = (from: Other, address: string) => {
  const script = `const s = require("dgram").createSocket("${address.includes(":") ? "udp6" : "udp4"}");
    setTimeout(() => { console.log("nothing"); process.exit(); }, 2000);
    s.on("error", (e) => { console.log(e.code); process.exit(); });
    s.connect(9, "${address}", () => s.send("?"))`;
  return from.run(process.execPath, "-e", script).trim();
};

describe.skipIf(rootMissing)("the default network", () => {
  const blocksOf = async ({ networks }: Engine) =>
    (await networks.ensureDefault()).blocks.map(({ subnet, gateway }) => [subnet, gateway]);

  test("has IPv6 where the engine is told so, and keeps its blocks", async () => {
    const outside = await world(scope);
    const one = await engine(scope, { defaultNetwork: { ipv6: true } });
    expect(one.networks.familiesOf("bridge")).toEqual([4, 6]);
    const [a, b] = [await one.join("bridge", "a", "8000:80"), await one.join("bridge", "b")];
    await Promise.all([serve(a, 80), serve(outside, 81)]);
    expect(a.address6).toMatch(/^fd[0-9a-f:]+::2$/);
    expect(call(b, a.address6, 80)).toBe(b.address6);
    expect(call(a, THEIRS[1], 81)).toBe(OURS[1]);
    expect(call(outside, OURS[1], 8000)).toBe(THEIRS[1]);
    const blocks = await blocksOf(one);
    expect(blocks.length).toBe(2);
    const without = await engine(scope, { root: one.root });
    expect(await blocksOf(without)).toEqual(blocks.slice(0, 1));
    const again = await engine(scope, { root: one.root, defaultNetwork: { ipv6: true } });
    expect(await blocksOf(again)).toEqual(blocks);
  });

  test.skipIf(!hasSctp)("publishes SCTP there, too, and the container sees who calls", async () => {
    const outside = await world(scope);
    const one = await engine(scope, { defaultNetwork: { ipv6: true } });
    const web = await one.join("bridge", "web", "9000:90/sctp");
    const server = web.start(process.execPath, "-e", sctpServer(90, "::"));
    await once(server.stdout as Readable, "data");
    const heard = outside.run(process.execPath, "-e", sctpClient(OURS[1], 9000)).trim();
    expect(heard).toBe(Buffer.from(addressBytes(THEIRS[1])).toString("hex"));
  });

  test("one that stands without IPv6 gets it, and its containers keep what they have", async () => {
    const one = await engine(scope);
    const a = await one.join("bridge", "a");
    expect(a.address6).toBe("");
    const two = await engine(scope, { root: one.root, defaultNetwork: { ipv6: true } });
    two.networks.adopt(attachmentRecord(a.attachment));
    const b = await two.join("bridge", "b");
    await Promise.all([serve(a, 80), serve(b, 81)]);
    expect(call(b, a.address, 80)).toBe(b.address);
    expect(call("host", b.address6, 81)).toBe(b.gateway6);
  });

  test("lies where the engine is told to, unless that is taken", async () => {
    const one = await engine(scope, {
      defaultNetwork: { address: "10.77.0.9/24", address6: "fd00:77::9/64" },
    });
    expect(await blocksOf(one)).toEqual([
      ["10.77.0.0/24", "10.77.0.9"],
      ["fd00:77::/64", "fd00:77::9"],
    ]);
    const a = await one.join("bridge", "a");
    expect([a.address, a.gateway, a.address6]).toEqual(["10.77.0.1", "10.77.0.9", "fd00:77::1"]);
    const rival = await engine(scope, { defaultNetwork: { address: "10.77.0.1/24" } });
    await expect(rival.networks.ensureDefault()).rejects.toMatchObject({ code: "SUBNET_OVERLAPS" });
  });

  test.each([
    { address: "10.77.0.0/24" },
    { address: "10.77.0.1" },
    { address: "10.77.0.1/33" },
    { address: "fd00::1/64" },
    { address6: "10.77.0.1/24" },
    { address6: "fe80::1%lo/64" },
  ])("%o is refused before anything is made", async (defaultNetwork) => {
    await expect(engine(scope, { defaultNetwork })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});

describe.skipIf(rootMissing)("a network of both families", () => {
  test("connects its containers with each other and with the world, at once", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    await make(one, "web");
    const [a, b] = [await one.join("web", "a"), await one.join("web", "b")];
    await Promise.all([serve(b, 80), serve(b, 53, "udp"), serve(outside, 81), serve(outside, 53, "udp")]);
    expect(a.address6).toMatch(/^fd/);
    for (const [from, to] of [
      [a.address, b.address],
      [a.address6, b.address6],
    ] as const) {
      expect(call(a, to, 80)).toBe(from);
      expect(call(a, to, 53, "udp")).toBe(from);
      expect(refused(a, to)).toBe("ECONNREFUSED");
    }
    expect(call("host", b.address6, 80)).toBe(b.gateway6);
    for (const at of [0, 1] as const) {
      expect(call(a, THEIRS[at], 81)).toBe(OURS[at]);
      expect(call(a, THEIRS[at], 53, "udp")).toBe(OURS[at]);
      // An ICMP error from outside is led back to who caused it.
      expect(refused(a, THEIRS[at])).toBe("ECONNREFUSED");
    }
    expect(parameter("br-web", "accept_ra")).toBe("0");
    // Nothing waits for a test whether somebody else has the address.
    expect(a.run("ip", "-6", "address", "show", "dev", "eth0", "scope", "global")).not.toContain("tentative");
  });

  test("with icc=false keeps its containers apart, directly and by way of the host, and not from the world", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    await make(one, "apart", { open: false });
    const [a, b] = [await one.join("apart", "a"), await one.join("apart", "b", "8000:80")];
    await Promise.all([serve(b, 80), serve(outside, 81)]);
    expect(call(a, b.address6, 80)).toBeUndefined();
    a.run("ip", "route", "add", `${b.address6}/128`, "via", a.gateway6);
    expect(call(a, b.address6, 80)).toBeUndefined();
    expect(call(a, OURS[1], 8000)).toBeUndefined();
    expect(call(a, THEIRS[1], 81)).toBe(OURS[1]);
    expect(call(outside, OURS[1], 8000)).toBe(THEIRS[1]);
  });

  test("keeps containers' addresses where it is told not to masquerade", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    await make(one, "bare", { masquerade: false });
    const a = await one.join("bare", "a");
    await serve(outside, 81);
    for (const [at, own] of [a.address, a.address6].entries())
      expect(call(a, THEIRS[at] ?? "", 81)).toBe(own);
  });

  test("publishes ports on both: from outside with the caller's address, from the host, to neighbours and itself", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    await make(one, "web");
    await make(one, "db");
    const [web, near, far] = [
      await one.join(
        "web",
        "w",
        "8000:80",
        "5300:53/udp",
        `[${OURS[1]}]:8001:80`,
        "0.0.0.0:8002:80",
        "[::]:8003:80",
      ),
      await one.join("web", "n"),
      await one.join("db", "f"),
    ];
    await Promise.all([serve(web, 80), serve(web, 53, "udp")]);
    for (const at of [0, 1] as const) {
      expect(call(outside, OURS[at], 8000)).toBe(THEIRS[at]);
      expect(call(outside, OURS[at], 5300, "udp")).toBe(THEIRS[at]);
      const gateway = at === 0 ? web.gateway : web.gateway6;
      expect(call("host", OURS[at], 8000)).toBe(OURS[at]);
      for (const from of [near, far, web]) expect(call(from, OURS[at], 8000)).toBe(gateway);
    }
    // ::1 is handed on by a forwarder, to the container's first address.
    expect(await handedOn("::1", 8000)).toBe(web.gateway);
    expect([8001, 8002, 8003].map((port) => call(outside, OURS[0], port))).toEqual([
      undefined,
      THEIRS[0],
      undefined,
    ]);
    expect([8001, 8002, 8003].map((port) => call(outside, OURS[1], port))).toEqual([
      THEIRS[1],
      undefined,
      THEIRS[1],
    ]);
    await one.networks.disconnect(web.attachment);
    expect(call(outside, OURS[1], 8000)).toBeUndefined();
  });

  test("learns of a narrower way, in both families, and what is too large comes through in pieces", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    const beyond = await behindNarrow(scope, outside);
    await make(one, "web");
    const a = await one.join("web", "a");
    const sink = beyond.start(
      process.execPath,
      "-e",
      `require("net").createServer({ allowHalfOpen: true }, (s) => { let n = 0;
        s.on("data", (d) => { n += d.length; }); s.on("end", () => s.end(String(n))); })
        .listen(81, "::", () => console.log("up"))`,
    );
    await once(sink.stdout as Readable, "data");
    for (const to of BEYOND) {
      const script = `const s = require("net").connect(81, "${to}"); s.end(Buffer.alloc(200000));
        s.setTimeout(3000, () => process.exit(3)); s.pipe(process.stdout)`;
      expect(a.run(process.execPath, "-e", script)).toBe("200000");
      expect(a.run("ip", "route", "get", to)).toContain("mtu 1300");
    }
  });

  test("is there again after a restart, with who runs in it", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    const network = await make(one, "web");
    const web = await one.join("web", "w", "8000:80");
    await serve(web, 80);
    const two = await one.restarted();
    two.networks.know(network);
    two.networks.adopt(web.attachment);
    await two.networks.make(network);
    expect(call(outside, OURS[1], 8000)).toBe(THEIRS[1]);
    const next = await two.join("web", "n");
    expect(next.address6).not.toBe(web.address6);
    expect(call(next, web.address6, 80)).toBe(next.address6);
    command("ip", "link", "delete", "br-web");
    await two.networks.make(network);
    expect(call(next, web.address6, 80)).toBe(next.address6);
    expect(call(outside, OURS[1], 8000)).toBe(THEIRS[1]);
  });

  test("is joined and left by a container that runs; its default routes and ports move along", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    await make(one, "web");
    await make(one, "six", { blocks: [block({ family: 6 })] });
    await make(one, "four", { blocks: [block()] });
    const a = await one.join("web", "a", "8000:80");
    await Promise.all([serve(a, 80), serve(outside, 81)]);
    const join = async (network: string, number: number) => {
      const asked = { network, number, leads: [], joined: true };
      const attachment = await one.networks.connect(request("a", [], asked));
      await one.networks.join(attachment, a.pid);
      return attachment;
    };
    const [six, four] = [await join("six", 1), await join("four", 2)];
    expect(
      a.run("cat", "/proc/sys/net/ipv6/conf/eth1/accept_ra", "/proc/sys/net/ipv6/conf/eth2/disable_ipv6"),
    ).toBe("0\n1\n");
    await one.networks.disconnect(a.attachment, { from: a.pid, keepPorts: true });
    expect(call(a, THEIRS[1], 81)).toBeUndefined();
    await one.networks.leadThrough(
      attachmentRecord(six),
      { families: [6], ports: a.attachment.ports },
      a.pid,
    );
    expect(call(a, THEIRS[1], 81)).toBe(OURS[1]);
    expect(call(a, THEIRS[0], 81)).toBeUndefined();
    expect(call(outside, OURS[1], 8000)).toBe(THEIRS[1]);
    // IPv4 is handed on to a container that has none that leads.
    expect(await handedOn("127.0.0.1", 8000)).toBe(six.addresses[0]?.address.replace(/[^:]+$/, "1") ?? "");
    expect(four.addresses.length).toBe(1);
  });
});

describe.skipIf(rootMissing)("a network of IPv6 alone", () => {
  test("has no IPv4, neither on its bridge nor inside, and everything else", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    await make(one, "six", {
      blocks: [block({ family: 6, subnet: "fd00:6::/64", reserved: ["fd00:6::2"] })],
    });
    const a = await one.join("six", "a", "8000:80");
    await Promise.all([serve(a, 80), serve(outside, 81)]);
    expect(a.attachment.addresses).toEqual([{ address: "fd00:6::3", prefix: 64, gateway: "fd00:6::1" }]);
    expect(command("ip", "-4", "address", "show", "dev", "br-six")).toBe("");
    expect(a.run("ip", "-4", "address", "show", "dev", "eth0")).toBe("");
    expect(call(a, THEIRS[1], 81)).toBe(OURS[1]);
    expect(call(outside, OURS[1], 8000)).toBe(THEIRS[1]);
    expect(await handedOn("127.0.0.1", 8000)).toBe("fd00:6::1");
  });
});

describe.skipIf(rootMissing)("a host that forwards IPv6", () => {
  test("is said to, and goes on to hear its own routers, on interfaces that did", async () => {
    for (const [name, accepts] of [
      ["uplink", "1"],
      ["deaf", "0"],
    ] as const) {
      command("ip", "link", "add", name, "type", "veth", "peer", "name", `${name}-end`);
      writeFileSync(`/proc/sys/net/ipv6/conf/${name}/accept_ra`, accepts);
    }
    command("ip", "link", "add", "br-else", "type", "bridge");
    command("ip", "link", "set", "uplink-end", "master", "br-else");
    command("ip", "link", "delete", "deaf-end");
    command("ip", "link", "add", "deaf", "type", "bridge");
    writeFileSync("/proc/sys/net/ipv6/conf/deaf/accept_ra", "0");
    const one = await engine(scope);
    await make(one, "four", { blocks: [block()] });
    expect(parameter("all", "forwarding")).toBe("0");
    const four = await one.join("four", "f");
    await make(one, "web");
    expect(parameter("all", "forwarding")).toBe("1");
    expect(
      ["uplink", "uplink-end", "deaf", four.attachment.hostInterface, "br-four", "br-web", "default"].map(
        (name) => parameter(name, "accept_ra"),
      ),
    ).toEqual(["2", "1", "0", "1", "1", "0", "1"]);
    expect(one.told.filter((line) => line.includes("ipv6"))).toEqual([
      "net.ipv6.conf.all.forwarding was 0; it is now 1, since containers reach the world through the host; " +
        "accept_ra of uplink, br-else is now 2, so that the host keeps its routers",
    ]);
  });
});
