import { describe, expect, test } from "bun:test";
import { formatSubnet, parseSubnet } from "../../src/kernel/netlink/address.ts";
import { addressPool, macOf } from "../../src/network/addresses.ts";
import { networkIdentity } from "../../src/network/identity.ts";
import type { BridgeNetwork } from "../../src/network/network.ts";
import { type NetworkRequest, planNetwork } from "../../src/network/plan-network.ts";
import { chooseSubnet, type Occupied, parseRoutes } from "../../src/network/subnet.ts";

const identity = networkIdentity("/var/lib/inro");
const nowhere = { routes: [], nameServers: [], networks: [] };
const chosen = (host: Partial<typeof nowhere> | object) =>
  formatSubnet(chooseSubnet("web", identity.subnets, { ...nowhere, ...host }));

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
    expect(networkIdentity("/srv/inro2").subnets[0]).not.toEqual(other.subnets[0]);
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
    subnet: null,
    gateway: null,
    range: null,
    reserved: [],
  },
  ...{ internal: false, open: true, masquerade: true, mtu: null, publishOn: "" },
};
const planned = (change: Partial<NetworkRequest<BridgeNetwork>>, host: Partial<Occupied> = {}) =>
  planNetwork({ ...asked, ...change }, identity.subnets, { ...nowhere, ...host });
const network = (change: Partial<NetworkRequest<BridgeNetwork>>) =>
  planned({ subnet: "10.0.0.0/29", ...change });

describe("a network that is asked for", () => {
  const routes = [{ interface: "tun0", subnet: parseSubnet("10.8.0.0/16") }];

  test("gets a free block, with the first address for the host", () => {
    expect(planned({})).toMatchObject({ subnet: "172.20.0.0/16", gateway: "172.20.0.1" });
  });

  test("is refused where it overlaps another, in either direction, and the other is named", () => {
    const networks = [{ name: "db", subnet: parseSubnet("10.1.0.0/16") }];
    for (const subnet of ["10.1.0.0/16", "10.1.7.0/24", "10.0.0.0/8"])
      expect(() => planned({ subnet }, { networks })).toThrow('10.1.0.0/16 of the network "db"');
    expect(planned({ subnet: "10.2.0.0/16" }, { networks }).subnet).toBe("10.2.0.0/16");
  });

  test("is refused where the host reaches a part of it, and may lie in what the host reaches widely", () => {
    for (const subnet of ["10.8.0.0/16", "10.0.0.0/8"])
      expect(() => planned({ subnet }, { routes })).toThrow("the host reaches 10.8.0.0/16 through tun0");
    expect(planned({ subnet: "10.8.5.0/24" }, { routes }).subnet).toBe("10.8.5.0/24");
  });

  test.each([
    [{ subnet: "10.0.0.0/31" }, "no room"],
    [{ subnet: "10.0.0.5/24" }, "it is not an IPv4 subnet"],
    [{ subnet: "fd00::/64" }, "it is not an IPv4 address"],
    [{ subnet: "10.0.0.0/24", gateway: "10.0.1.1" }, "10.0.1.1 is not in the subnet 10.0.0.0/24"],
    [{ subnet: "10.0.0.0/24", gateway: "x" }, "it is not an IPv4 address"],
    [{ subnet: "10.0.0.0/24", range: "10.0.1.0/25" }, "is not a part of the subnet"],
    [{ subnet: "10.0.0.0/24", range: "10.0.0.0/16" }, "is not a part of the subnet"],
    [{ subnet: "10.0.0.0/24", reserved: ["10.0.1.1"] }, "10.0.1.1 is not in the subnet"],
  ])("%o is refused", (change, why) => {
    expect(() => planned(change)).toThrow(why);
  });
});

describe("addresses", () => {
  test("begin after the gateway and are reused as late as possible", () => {
    const pool = addressPool(network({}));
    expect([pool.take(), pool.take()]).toEqual(["10.0.0.2", "10.0.0.3"]);
    pool.release("10.0.0.2");
    expect([pool.take(), pool.take(), pool.take(), pool.take()]).toEqual([
      "10.0.0.4",
      "10.0.0.5",
      "10.0.0.6",
      "10.0.0.2",
    ]);
    expect(() => pool.take()).toThrow('all 5 addresses of 10.0.0.0/29, the network "web", are in use');
  });

  test("that a container of an earlier daemon has are not given", () => {
    const pool = addressPool(network({}));
    pool.keep("10.0.0.2");
    pool.keep("10.0.0.4");
    expect([pool.take(), pool.take(), pool.take()]).toEqual(["10.0.0.5", "10.0.0.6", "10.0.0.3"]);
  });

  test("come from the range alone, unless one is asked for, and never are what was set aside", () => {
    const pool = addressPool(network({ range: "10.0.0.4/30", reserved: ["10.0.0.5"] }));
    expect([pool.take(), pool.take()]).toEqual(["10.0.0.4", "10.0.0.6"]);
    expect(() => pool.take()).toThrow("10.0.0.4/30");
    expect(pool.claim("10.0.0.2")).toBe("10.0.0.2");
    const refused = (address: string) => expect(() => pool.claim(address));
    refused("10.0.0.2").toThrow("Address already in use");
    refused("10.0.0.1").toThrow("the gateway's or set aside");
    refused("10.0.0.5").toThrow("the gateway's or set aside");
    for (const outside of ["10.0.0.0", "10.0.0.7", "10.0.0.8"])
      refused(outside).toThrow('it does not belong to the subnet 10.0.0.0/29 of the network "web"');
  });

  test("have a hardware address each", () => {
    expect(macOf("172.20.0.5")).toBe("02:42:ac:14:00:05");
  });
});
