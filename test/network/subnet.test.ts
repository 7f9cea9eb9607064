import { describe, expect, test } from "bun:test";
import { addressPools, macOf } from "../../src/network/addresses.ts";
import type { Block } from "../../src/network/attachment.ts";
import { networkIdentity } from "../../src/network/identity.ts";
import type { BridgeNetwork } from "../../src/network/network.ts";
import { type BlockRequest, type NetworkRequest, planNetwork } from "../../src/network/plan-network.ts";
import { chooseSubnet, type Occupied, parseRoutes, parseRoutes6 } from "../../src/network/subnet.ts";
import { formatSubnet, parseSubnet } from "../../src/oci/address.ts";
import { block } from "./setting.ts";

const identity = networkIdentity("/var/lib/inro");
const nowhere = { routes: [], nameServers: [], networks: [] };
const chosen = (host: Partial<typeof nowhere> | object) =>
  formatSubnet(chooseSubnet("web", identity.subnets[4], { ...nowhere, ...host }));

describe("identity", () => {
  test("the default root has the plain names", () => {
    expect(identity).toMatchObject({ interface: "inro0", table: "inro" });
    expect(chosen({})).toBe("172.20.0.0/16");
  });

  test("another root has names of its own, always the same, that fit an interface's 15 characters", () => {
    const other = networkIdentity("/srv/inro");
    expect(other.interface).toMatch(/^inro-[0-9a-f]{8}$/);
    expect(other.table).toBe(other.interface.replace("-", "_"));
    expect(networkIdentity("/srv/../srv/inro/")).toEqual(other);
    expect(networkIdentity("/srv/inro2").interface).not.toBe(other.interface);
    expect(networkIdentity("/srv/inro2").subnets[4][0]).not.toEqual(other.subnets[4][0]);
  });
});

describe("the subnet", () => {
  test("avoids what the host routes elsewhere, whichever of the two is larger", () => {
    const text = [
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask",
      "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
      "vpn0\t000014AC\t00000000\t0001\t0\t0\t0\t0000FEFF\t0\t0\t0", // 172.20.0.0/15
      "lab0\t071216AC\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0", // 172.22.18.7/32
    ].join("\n");
    expect(parseRoutes(text).map(({ interface: name, subnet }) => `${name} ${formatSubnet(subnet)}`)).toEqual(
      ["vpn0 172.20.0.0/15", "lab0 172.22.18.7/32"],
    );
    expect(chosen({ routes: parseRoutes(text) })).toBe("172.23.0.0/16");
  });

  test("avoids the host's name servers, which a default route may lead to", () => {
    expect(chosen({ nameServers: ["172.20.9.9"] })).toBe("172.21.0.0/16");
  });

  test("avoids the engine's other networks, whether their bridges are there or not", () => {
    const networks = [{ name: "web", subnet: parseSubnet("172.20.128.0/24") }];
    expect(chosen({ networks })).toBe("172.21.0.0/16");
  });

  test("where none is free, the error says so", () => {
    const routes = [{ interface: "tun0", subnet: parseSubnet("0.0.0.0/0") }];
    expect(() => chosen({ routes })).toThrow("routes of the host and 0 other networks take all");
  });
});

const asked: NetworkRequest<BridgeNetwork> = {
  ...{
    name: "web",
    driver: "bridge",
    interface: "br-web",
    blocks: [],
  },
  ...{ internal: false, open: true, masquerade: true, mtu: null, publishOn: "" },
};
const plan = (blocks: readonly BlockRequest[], host: Partial<Occupied> = {}) =>
  planNetwork({ ...asked, blocks }, identity.subnets, { ...nowhere, ...host }).blocks;
const planned = (change: Partial<BlockRequest>, host: Partial<Occupied> = {}) =>
  plan([block(change)], host)[0];
const pool = (change: Partial<BlockRequest>) => poolOf(plan([block({ subnet: "10.0.0.0/29", ...change })]));

/** Of a network with one block. */
function poolOf(blocks: readonly Block[]) {
  const pools = addressPools({ name: "web", blocks });
  return {
    take: () => pools.take([])[0]?.address,
    claim: (address: string) => pools.take([address])[0]?.address,
    keep: (address: string) => pools.keep([address]),
    release: (address: string) => pools.release([address]),
  };
}

describe("a network that is asked for", () => {
  const routes = [{ interface: "tun0", subnet: parseSubnet("10.8.0.0/16") }];

  test("gets a free block, with the first address for the host", () => {
    expect(planned({})).toMatchObject({ subnet: "172.20.0.0/16", gateway: "172.20.0.1" });
  });

  test("is refused where it overlaps another, in either direction, and the other is named", () => {
    const networks = [{ name: "db", subnet: parseSubnet("10.1.0.0/16") }];
    for (const subnet of ["10.1.0.0/16", "10.1.7.0/24", "10.0.0.0/8"])
      expect(() => planned({ subnet }, { networks })).toThrow('10.1.0.0/16 of the network "db"');
    expect(planned({ subnet: "10.2.0.0/16" }, { networks })?.subnet).toBe("10.2.0.0/16");
  });

  test("is refused where the host reaches a part of it, and may lie in what the host reaches widely", () => {
    for (const subnet of ["10.8.0.0/16", "10.0.0.0/8"])
      expect(() => planned({ subnet }, { routes })).toThrow("the host reaches 10.8.0.0/16 through tun0");
    expect(planned({ subnet: "10.8.5.0/24" }, { routes })?.subnet).toBe("10.8.5.0/24");
  });

  test.each([
    [{ subnet: "10.0.0.0/31" }, "no room"],
    [{ subnet: "10.0.0.5/24" }, "it is not an IPv4 subnet"],
    [{ subnet: "fd00::5/64" }, "it is not an IPv6 subnet"],
    [{ subnet: "10.0.0.0/24", gateway: "10.0.1.1" }, "10.0.1.1 is not in the subnet 10.0.0.0/24"],
    [{ subnet: "10.0.0.0/24", gateway: "x" }, "it is not an address"],
    [{ subnet: "10.0.0.0/24", range: "10.0.1.0/25" }, "is not a part of the subnet"],
    [{ subnet: "10.0.0.0/24", range: "10.0.0.0/16" }, "is not a part of the subnet"],
    [{ subnet: "10.0.0.0/24", reserved: ["10.0.1.1"] }, "10.0.1.1 is not in the subnet"],
  ])("%o is refused", (change, why) => {
    expect(() => planned(change)).toThrow(why);
  });
});

describe("addresses", () => {
  test("begin after the gateway and are reused as late as possible", () => {
    const own = pool({});
    expect([own.take(), own.take()]).toEqual(["10.0.0.2", "10.0.0.3"]);
    own.release("10.0.0.2");
    expect([own.take(), own.take(), own.take(), own.take()]).toEqual([
      "10.0.0.4",
      "10.0.0.5",
      "10.0.0.6",
      "10.0.0.2",
    ]);
    expect(() => own.take()).toThrow('all 5 addresses of 10.0.0.0/29, the network "web", are in use');
  });

  test("that a container of an earlier daemon has are not given", () => {
    const own = pool({});
    own.keep("10.0.0.2");
    own.keep("10.0.0.4");
    expect([own.take(), own.take(), own.take()]).toEqual(["10.0.0.5", "10.0.0.6", "10.0.0.3"]);
  });

  test("come from the range alone, unless one is asked for, and never are what was set aside", () => {
    const own = pool({ range: "10.0.0.4/30", reserved: ["10.0.0.5"] });
    expect([own.take(), own.take()]).toEqual(["10.0.0.4", "10.0.0.6"]);
    expect(() => own.take()).toThrow("10.0.0.4/30");
    expect(own.claim("10.0.0.2")).toBe("10.0.0.2");
    const refused = (address: string) => expect(() => own.claim(address));
    refused("10.0.0.2").toThrow("Address already in use");
    refused("10.0.0.1").toThrow("the gateway's or set aside");
    refused("10.0.0.5").toThrow("the gateway's or set aside");
    for (const outside of ["10.0.0.0", "10.0.0.7", "10.0.0.8"])
      refused(outside).toThrow('it does not belong to the subnet 10.0.0.0/29 of the network "web"');
  });

  test("have a hardware address each", () => {
    expect(macOf("172.20.0.5")).toBe("02:42:ac:14:00:05");
    expect(macOf("fd00::5")).toMatch(/^02:42(:[0-9a-f]{2}){4}$/);
    expect(macOf("fd00::5")).not.toBe(macOf("fd00::1:0:5"));
  });
});

describe("IPv6", () => {
  const six = (change: Partial<BlockRequest>) => block({ family: 6, ...change });
  const refused = (blocks: readonly BlockRequest[], host: Partial<Occupied> = {}) =>
    expect(() => plan(blocks, host));

  test("gets blocks of a site of the engine's own, by RFC 4193, that others' do not touch", () => {
    const [first] = identity.subnets[6];
    const other = networkIdentity("/srv/inro").subnets[6];
    if (first === undefined) throw new Error("there are none");
    expect(formatSubnet(first)).toMatch(/^fd[0-9a-f:]+::\/64$/);
    expect(new Set([...identity.subnets[6], ...other].map(formatSubnet)).size).toBe(2048);
    const taken = { networks: [{ name: "db", subnet: first }] };
    expect(plan([six({})])[0]?.subnet).toBe(formatSubnet(first));
    expect(plan([six({})], taken)[0]?.subnet).not.toBe(formatSubnet(first));
    const all = { routes: [{ interface: "vpn0", subnet: parseSubnet("fc00::/7") }] };
    refused([six({})], all).toThrow("take all 1024 blocks");
    expect(plan([six({}), block()], taken).map(({ subnet }) => subnet.includes(":"))).toEqual([false, true]);
  });

  test("routes of the host are read, but for what every interface has", () => {
    const row = (to: string, prefix: string, name: string) =>
      `${to} ${prefix} ${"0".repeat(32)} 00 ${"0".repeat(32)} 00000100 00000001 00000000 00000001 ${name}`;
    const text = [
      row("0".repeat(32), "00", "eth0"),
      row("fd123456789a00010000000000000000", "40", "vpn0"),
      row("20010db8000000000000000000000005", "80", "eth0"),
      row("fe800000000000000000000000000000", "40", "eth0"),
      row("ff000000000000000000000000000000", "08", "eth0"),
      row("00000000000000000000000000000001", "80", "lo"),
    ].join("\n");
    const found = parseRoutes6(text).map(({ interface: name, subnet }) => `${name} ${formatSubnet(subnet)}`);
    expect(found).toEqual(["vpn0 fd12:3456:789a:1::/64", "eth0 2001:db8::5/128"]);
    refused([six({ subnet: "fd12:3456:789a::/48" })], { routes: parseRoutes6(text) }).toThrow("vpn0");
  });

  test.each([
    [{ subnet: "fd00::/127" }, "no room"],
    [{ subnet: "fe80::/64" }, "no host can have addresses of fe80::/10"],
    [{ subnet: "ff02::/64" }, "no host can have addresses of ff00::/8"],
    [{ subnet: "::/64" }, "no host can have addresses of ::/8"],
    [{ subnet: "fd00::/129" }, "it is not an IPv6 subnet"],
    [{ subnet: "fd00::/64", gateway: "10.0.0.1" }, "10.0.0.1 is not in the subnet fd00::/64"],
    [{ subnet: "fd00::/64", gateway: "fd01::1" }, "fd01::1 is not in the subnet"],
    [{ subnet: "fd00::/64", range: "10.0.0.0/25" }, "is not a part of the subnet"],
    [{ subnet: "fd00::/64", reserved: ["fd01::1"] }, "fd01::1 is not in the subnet"],
    [{ subnet: "fd00::/64", gateway: "fe80::1%eth0" }, "it is not an address"],
  ])("%o is refused", (change, why) => {
    refused([six(change)]).toThrow(why);
  });

  test("a small block gives all but the host's, up to its last, and says when it has no more", () => {
    const own = poolOf(plan([six({ subnet: "fd00::/126" })]));
    expect([own.take(), own.take()]).toEqual(["fd00::2", "fd00::3"]);
    expect(() => own.take()).toThrow("all 2 addresses of fd00::/126");
    own.release("fd00::2");
    expect(own.claim("fd00:0::2")).toBe("fd00::2");
    expect(() => own.claim("fd00::")).toThrow("does not belong to the subnet");
  });

  test("of two blocks a container gets an address each, or none", () => {
    const blocks = plan([block({ subnet: "10.0.0.0/29" }), six({ subnet: "fd00::/64" })]);
    const pools = addressPools({ name: "web", blocks });
    const take = (...asked: string[]) => pools.take(asked).map(({ address }) => address);
    expect(take()).toEqual(["10.0.0.2", "fd00::2"]);
    for (let turn = 0; turn < 9; turn++) expect(() => take("fd00::2")).toThrow("Address already in use");
    expect(take("fd00::ff").at(1)).toBe("fd00::ff");
    const four = addressPools({ name: "web", blocks: blocks.slice(0, 1) });
    expect(() => four.take(["fd00::9"])).toThrow('the network "web" has no IPv6');
  });

  test("of several blocks of a family a container has one address, from the first that has a free one", () => {
    const several = ["10.0.0.0/30", "10.0.1.0/30", "fd00::/64"].map((subnet) =>
      subnet.includes(":") ? six({ subnet }) : block({ subnet }),
    );
    refused(several).toThrow("not several of IPv4");
    const { blocks } = planNetwork(
      {
        ...{ name: "lan", driver: "macvlan", parent: "eth0", ownWire: false, mode: "bridge" },
        ...{ internal: false, mtu: null, blocks: several },
      },
      identity.subnets,
      nowhere,
    );
    const pools = addressPools({ name: "lan", blocks });
    const take = (...asked: string[]) => pools.take(asked);
    expect(take("10.0.1.2")).toMatchObject([
      { address: "10.0.1.2", block: { gateway: "10.0.1.1" } },
      { address: "fd00::2" },
    ]);
    expect(take()).toMatchObject([{ address: "10.0.0.2", block: { gateway: "10.0.0.1" } }, {}]);
    expect(() => take()).toThrow("10.0.1.0/30");
    pools.release(["10.0.1.2"]);
    expect(take()).toMatchObject([{ address: "10.0.1.2" }, { address: "fd00::4" }]);
    expect(() => take("10.0.2.2")).toThrow("does not belong to the subnet");
  });

  test("no two blocks of one network overlap", () => {
    const wanted = (...subnets: string[]) =>
      planNetwork(
        {
          ...{ name: "lan", driver: "macvlan", parent: "eth0", ownWire: false, mode: "bridge" },
          ...{ internal: false, mtu: null, blocks: subnets.map((subnet) => block({ subnet })) },
        },
        identity.subnets,
        nowhere,
      );
    expect(() => wanted("10.0.0.0/24", "10.0.0.128/25")).toThrow("overlaps");
    expect(wanted("10.0.0.0/25", "10.0.0.128/25").blocks.length).toBe(2);
  });
});
