import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { driverOptions } from "../../src/network/network.ts";
import { rootMissing } from "../support/engine.ts";
import { command, type Other, otherNetwork, ownNetwork } from "./namespace.ts";
import { block, type Engine, engine, request } from "./setting.ts";
import { call, serve } from "./talk.ts";

/** Kinds of interfaces that this kernel has. The virtual machine has all: `npm run test:vm -- test/network/lan`. */
const kinds = rootMissing ? [] : ["macvlan", "ipvlan", "vlan"].filter(isKnown);
const missing = (kind: string) => rootMissing || !kinds.includes(kind);

function isKnown(kind: string): boolean {
  using _own = ownNetwork();
  command("ip", "link", "add", "one", "type", "veth", "peer", "name", "two");
  const details = kind === "vlan" ? ["id", "7"] : [];
  try {
    command("ip", "link", "add", "link", "one", "name", "three", "type", kind, ...details);
    return true;
  } catch {
    return false;
  }
}

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

const links = (where?: Other): string[] => {
  const words = ["ip", "-o", "link"] as const;
  const text = where === undefined ? command(...words) : where.run(...words);
  return (text.match(/(?<=^\d+: )[\w.-]+/gm) ?? []).sort();
};

/** The host's eth0 has a wire to another host, which is 10.9.0.1/24, and 198.51.100.2 beyond it. */
async function wire(): Promise<Other> {
  const outside = scope.use(await otherNetwork());
  command("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "wire", "netns", String(outside.pid));
  command("ip", "address", "add", "10.9.0.2/24", "dev", "eth0");
  command("ip", "link", "set", "eth0", "up");
  outside.run("ip", "link", "set", "lo", "up");
  outside.run("ip", "address", "add", "10.9.0.1/24", "dev", "wire");
  outside.run("ip", "address", "add", "198.51.100.2/32", "dev", "lo");
  outside.run("ip", "link", "set", "wire", "up");
  return outside;
}

let number = 0;

async function make(
  { networks }: Engine,
  driver: string,
  options: Record<string, string>,
  change: { readonly name?: string; readonly subnet?: string; readonly internal?: boolean } = {},
) {
  const { name = `lan${number++}`, subnet = "10.9.0.0/24", internal = false } = change;
  const id = String(number).padStart(64, "0");
  const network = networks.reserve({
    ...driverOptions(driver, { name, id, options, internal }),
    ...{ name, blocks: [block({ subnet, reserved: subnet === "10.9.0.0/24" ? ["10.9.0.2"] : [] })] },
  });
  try {
    await networks.checkFresh(network);
    await networks.make(network, { fresh: true });
    return network;
  } catch (error) {
    networks.forget(network);
    throw error;
  }
}

describe.skipIf(missing("macvlan"))("macvlan", () => {
  test("puts containers there with IPv6, too, which take no router's word but the network's", async () => {
    const outside = await wire();
    outside.run("ip", "address", "add", "fd00:9::1/64", "dev", "wire", "nodad");
    const one = await engine(scope);
    const network = one.networks.reserve({
      ...driverOptions("macvlan", {
        name: "six",
        id: "6".repeat(64),
        options: { parent: "eth0" },
        internal: false,
      }),
      ...{ name: "six", blocks: [block({ family: 6, subnet: "fd00:9::/64", reserved: ["fd00:9::2"] })] },
    });
    await one.networks.make(network, { fresh: true });
    const [a, b] = [await one.join("six", "a"), await one.join("six", "b")];
    await Promise.all([serve(b, 80), serve(outside, 81)]);
    expect([a.address6, b.address6]).toEqual(["fd00:9::3", "fd00:9::4"]);
    expect(call(a, b.address6, 80)).toBe(a.address6);
    expect(call(a, "fd00:9::1", 81)).toBe(a.address6);
    expect(a.run("ip", "-6", "route", "show", "default")).toContain("via fd00:9::1 dev eth0");
    expect(a.run("cat", "/proc/sys/net/ipv6/conf/eth0/accept_ra")).toBe("0\n");
  });

  test("puts containers on the parent's wire: neighbours, a gateway beyond, and nothing of the host's", async () => {
    const outside = await wire();
    const one = await engine(scope);
    const { name } = await make(one, "macvlan", { parent: "eth0" });
    const before = links();
    const [a, b] = [await one.join(name, "a", "8000:80"), await one.join(name, "b")];
    expect(links()).toEqual(before);
    expect([a.address, b.address]).toEqual(["10.9.0.3", "10.9.0.4"]);
    expect(a.attachment.ports).toEqual([]);
    await Promise.all([serve(b, 80), serve(outside, 81)]);
    expect(call(a, "10.9.0.4", 80)).toBe("10.9.0.3");
    expect(call(a, "10.9.0.1", 81)).toBe("10.9.0.3");
    expect(call(a, "198.51.100.2", 81)).toBe("10.9.0.3");
    expect(call(outside, "10.9.0.4", 80)).toBe("10.9.0.1");
    expect(outside.run("ip", "neighbour", "show", "10.9.0.4")).toContain("02:42:0a:09:00:04");
    // ip-link(8): no way between the parent itself and what is above it.
    expect(call("host", "10.9.0.4", 80)).toBeUndefined();
  });

  test("with several subnets of one wire gives an address of one of them, and the default route there", async () => {
    const outside = await wire();
    outside.run("ip", "address", "add", "10.10.0.1/24", "dev", "wire");
    const one = await engine(scope);
    const options = { parent: "eth0" };
    one.networks.reserve({
      ...driverOptions("macvlan", { name: "two", id: "2".repeat(64), options, internal: false }),
      name: "two",
      blocks: [block({ subnet: "10.9.0.0/30", reserved: ["10.9.0.2"] }), block({ subnet: "10.10.0.0/24" })],
    });
    const a = await one.join("two", "a");
    expect(a.address).toBe("10.10.0.2");
    await serve(outside, 81);
    expect(call(a, "10.10.0.1", 81)).toBe("10.10.0.2");
    expect(call(a, "198.51.100.2", 81)).toBe("10.10.0.2");
    expect(a.run("ip", "route")).toMatch(/^default via 10\.10\.0\.1 dev eth0\s+10\.10\.0\.0\/24/);
  });

  test.each(["private", "vepa"])("in the mode %s keeps containers apart, not from the wire", async (mode) => {
    const outside = await wire();
    const one = await engine(scope);
    const { name } = await make(one, "macvlan", { parent: "eth0", macvlan_mode: mode });
    const [a, b] = [await one.join(name, "a"), await one.join(name, "b")];
    await Promise.all([serve(b, 80), serve(outside, 81)]);
    expect(call(a, b.address, 80)).toBeUndefined();
    expect(call(outside, b.address, 80)).toBe("10.9.0.1");
    expect(call(a, "10.9.0.1", 81)).toBe(a.address);
  });

  test("in the mode passthru gives one container the parent's own hardware address, and the next when it has ended", async () => {
    const outside = await wire();
    const one = await engine(scope);
    const { name } = await make(one, "macvlan", { parent: "eth0", macvlan_mode: "passthru" });
    const mac = /ether ([\da-f:]+)/.exec(command("ip", "link", "show", "eth0"))?.[1];
    const a = await one.join(name, "a");
    expect(a.attachment.mac).toBe(mac ?? "");
    await serve(outside, 81);
    expect(call(a, "10.9.0.1", 81)).toBe(a.address);
    await expect(one.join(name, "b")).rejects.toMatchObject({
      code: "PARENT_IN_USE",
      why: 'in the mode passthru one container has eth0 for itself, and "a" has it',
    });
    const chosen = one.networks.connect(request("b", [], { network: name, mac: "02:42:00:00:00:01" }));
    await expect(chosen).rejects.toMatchObject({ code: "INVALID_OPTION", at: "--mac-address" });
    a[Symbol.dispose]();
    await one.networks.disconnect(a.attachment);
    const c = await one.join(name, "c");
    expect(call(c, "10.9.0.1", 81)).toBe(c.address);
  });

  test("gives a chosen address and hardware address, also when their last owner has only just ended", async () => {
    const outside = await wire();
    await serve(outside, 81);
    const one = await engine(scope);
    const { name } = await make(one, "macvlan", { parent: "eth0" });
    const asked = request("a", [], { network: name, addresses: ["10.9.0.77"], mac: "02:42:00:00:00:77" });
    for (let turn = 0; turn < 5; turn++) {
      const attachment = await one.networks.connect(asked);
      const container = scope.use(await otherNetwork());
      await one.networks.join(attachment, container.pid);
      expect(call(container, "10.9.0.1", 81)).toBe("10.9.0.77");
      expect(outside.run("ip", "neighbour", "show", "10.9.0.77")).toContain("02:42:00:00:00:77");
      const rival = one.networks.connect({ ...asked, name: "b" });
      await expect(rival).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
      container[Symbol.dispose]();
      await one.networks.disconnect(attachment);
    }
  });

  test("comes and goes while a container runs; what a crash left of that is swept", async () => {
    const outside = await wire();
    await serve(outside, 81);
    const one = await engine(scope);
    const { name } = await make(one, "macvlan", { parent: "eth0" });
    const a = await one.container("a");
    const joining = request("a", [], { network: name, number: 1, leads: [], joined: true });
    const second = await one.networks.connect(joining);
    await one.networks.join(second, a.pid);
    expect(call(a, "10.9.0.1", 81)).toBe(second.addresses[0]?.address);
    await one.networks.disconnect(second, { from: a.pid });
    expect(links(a)).toEqual(["eth0", "lo"]);
    const third = await one.networks.connect(joining);
    await one.networks.join(third, a.pid);
    // The next engine knows of the first connection alone.
    one.networks.adopt(a.attachment);
    await one.networks.sweep([{ pid: a.pid, attachments: [a.attachment] }]);
    expect(links(a)).toEqual(["eth0", "lo"]);
  });

  test("without a parent, or internal, has a wire of its own, which goes with the network", async () => {
    const outside = await wire();
    await serve(outside, 81);
    const one = await engine(scope);
    const before = links();
    const network = await make(one, "macvlan", { parent: "eth0" }, { internal: true, subnet: "10.8.0.0/24" });
    expect(network.internal).toBe(true);
    const [a, b] = [await one.join(network.name, "a"), await one.join(network.name, "b")];
    await serve(b, 80);
    expect(call(a, b.address, 80)).toBe(a.address);
    expect(a.run("ip", "route", "show", "default")).toBe("");
    a.run("ip", "route", "add", "default", "dev", "eth0");
    expect(call(a, "10.9.0.1", 81)).toBeUndefined();
    for (const { attachment } of [a, b]) await one.networks.disconnect(attachment);
    await one.networks.remove(network);
    expect(links()).toEqual(before);
  });

  test("is refused what cannot be, and leaves nothing of it", async () => {
    await wire();
    const one = await engine(scope);
    const before = links();
    const refused = (driver: string, options: Record<string, string>) =>
      expect(make(one, driver, options)).rejects;
    await refused("macvlan", { parent: "eth7" }).toMatchObject({ code: "NO_SUCH_INTERFACE" });
    await refused("macvlan", { parent: "eth7.10" }).toMatchObject({
      code: "NO_SUCH_INTERFACE",
      why: "the host has no interface eth7",
    });
    await refused("macvlan", { parent: "eth0", macvlan_mode: "none" }).toMatchObject({ at: "macvlan_mode" });
    await refused("macvlan", { parent: "eth0/1" }).toMatchObject({ code: "INVALID_OPTION", at: "parent" });
    await refused("macvlan", { parent: "lo" }).toMatchObject({ code: "NETWORK_SETUP_FAILED" });
    await refused("nothing", {}).toMatchObject({ code: "NO_SUCH_DRIVER" });
    for (const [kind, options] of [
      ["ipvlan", { parent: "eth0" }],
      ["macvlan", { parent: "eth0.7" }],
    ] as const)
      if (missing(kind === "ipvlan" ? kind : "vlan"))
        await refused(kind, options).toMatchObject({
          code: "KERNEL_FEATURE_MISSING",
          why: expect.stringContaining(kind === "ipvlan" ? "CONFIG_IPVLAN" : "CONFIG_VLAN_8021Q"),
        });
    expect(links()).toEqual(before);
    await make(one, "macvlan", { parent: "eth0" });
    await refused("macvlan", { parent: "eth0" }).toMatchObject({ code: "SUBNET_OVERLAPS" });
    const other = make(
      one,
      "macvlan",
      { parent: "eth0", macvlan_mode: "passthru" },
      { subnet: "10.8.0.0/24" },
    );
    await expect(other).rejects.toMatchObject({ code: "PARENT_IN_USE" });
    await make(one, "macvlan", { parent: "eth0", macvlan_mode: "private" }, { subnet: "10.8.0.0/24" });
  });
});

describe.skipIf(missing("vlan"))("a VLAN as the parent", () => {
  test("is made, tags what leaves, outlives the engine and goes with the last network above it", async () => {
    const outside = await wire();
    outside.run("ip", "link", "add", "link", "wire", "name", "wire.10", "type", "vlan", "id", "10");
    outside.run("ip", "address", "add", "10.7.0.1/24", "dev", "wire.10");
    outside.run("ip", "link", "set", "wire.10", "up");
    await serve(outside, 81);
    const one = await engine(scope);
    const before = links();
    const network = await make(one, "macvlan", { parent: "eth0.10" }, { subnet: "10.7.0.0/24" });
    const second = await make(one, "macvlan", { parent: "eth0.10" }, { subnet: "10.6.0.0/24" });
    const a = await one.join(network.name, "a");
    expect(call(a, "10.7.0.1", 81)).toBe(a.address);
    // Without the tag it is not there.
    outside.run("ip", "link", "set", "wire.10", "down");
    outside.run("ip", "address", "add", "10.7.0.1/24", "dev", "wire");
    expect(call(a, "10.7.0.1", 81)).toBeUndefined();
    await one.networks.disconnect(a.attachment);
    await one.networks.remove(network);
    expect(links()).toContain("eth0.10");
    await one.networks.remove(second);
    expect(links()).toEqual(before);
  });

  test("that somebody else made stays", async () => {
    await wire();
    command("ip", "link", "add", "link", "eth0", "name", "eth0.10", "type", "vlan", "id", "10");
    command("ip", "link", "set", "eth0.10", "up");
    const one = await engine(scope);
    await one.networks.remove(await make(one, "macvlan", { parent: "eth0.10" }));
    expect(links()).toContain("eth0.10");
  });
});

describe.skipIf(missing("ipvlan"))("ipvlan", () => {
  test("l2 puts containers on the wire with the parent's hardware address", async () => {
    const outside = await wire();
    const one = await engine(scope);
    const { name } = await make(one, "ipvlan", { parent: "eth0" });
    const [a, b] = [await one.join(name, "a"), await one.join(name, "b")];
    await Promise.all([serve(b, 80), serve(outside, 81)]);
    expect(call(a, b.address, 80)).toBe(a.address);
    expect(call(a, "198.51.100.2", 81)).toBe(a.address);
    expect(call(outside, b.address, 80)).toBe("10.9.0.1");
    const mac = /ether ([\da-f:]+)/.exec(command("ip", "link", "show", "eth0"))?.[1];
    expect(b.attachment.mac).toBe(mac ?? "");
    expect(outside.run("ip", "neighbour", "show", b.address)).toContain(mac ?? "");
    expect(call("host", b.address, 80)).toBeUndefined();
    const other = make(one, "ipvlan", { parent: "eth0", ipvlan_mode: "l3" }, { subnet: "10.8.0.0/24" });
    await expect(other).rejects.toMatchObject({ code: "PARENT_IN_USE" });
    const rival = make(one, "macvlan", { parent: "eth0" }, { subnet: "10.8.0.0/24" });
    await expect(rival).rejects.toMatchObject({ code: "PARENT_IN_USE" });
  });

  test.each(["private", "vepa"])("with the flag %s keeps containers apart", async (flag) => {
    const outside = await wire();
    const one = await engine(scope);
    const { name } = await make(one, "ipvlan", { parent: "eth0", ipvlan_flag: flag });
    const [a, b] = [await one.join(name, "a"), await one.join(name, "b")];
    await Promise.all([serve(b, 80), serve(outside, 81)]);
    expect(call(a, b.address, 80)).toBeUndefined();
    expect(call(a, "10.9.0.1", 81)).toBe(a.address);
  });

  test.each(["l3", "l3s"])(
    "%s is routed: a subnet of its own that the wire's hosts know a route to",
    async (mode) => {
      const outside = await wire();
      outside.run("ip", "route", "add", "10.5.0.0/24", "via", "10.9.0.2");
      const one = await engine(scope);
      const options = { parent: "eth0", ipvlan_mode: mode };
      const network = await make(one, "ipvlan", options, { subnet: "10.5.0.0/24" });
      const [a, b] = [await one.join(network.name, "a"), await one.join(network.name, "b")];
      expect(a.run("ip", "route", "show", "default")).toContain("default dev eth0");
      await Promise.all([serve(b, 80), serve(outside, 81)]);
      expect(call(a, b.address, 80)).toBe(a.address);
      expect(call(a, "10.9.0.1", 81)).toBe(a.address);
    },
  );
});
