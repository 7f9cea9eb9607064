import { describe, expect, test } from "bun:test";
import { formatSubnet, parseSubnet } from "../../src/kernel/netlink/address.ts";
import { addressPool, gatewayOf, macOf } from "../../src/network/addresses.ts";
import { networkIdentity } from "../../src/network/identity.ts";
import { chooseSubnet, parseRoutes } from "../../src/network/subnet.ts";

const identity = networkIdentity("/var/lib/inro");
const nowhere = { bridge: "inro0", routes: [], nameServers: [] };
const chosen = (host: Partial<typeof nowhere> | object) =>
  formatSubnet(chooseSubnet(identity.subnets, { ...nowhere, ...host }));

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

  test("stays what our bridge already has", () => {
    const routes = [{ interface: "inro0", subnet: parseSubnet("172.25.0.0/16") }];
    expect(chosen({ routes })).toBe("172.25.0.0/16");
  });

  test("where none is free, the error says so", () => {
    const routes = [{ interface: "tun0", subnet: parseSubnet("0.0.0.0/0") }];
    expect(() => chosen({ routes })).toThrow("the host has routes into all");
  });
});

describe("addresses", () => {
  test("begin after the gateway and are reused as late as possible", () => {
    const pool = addressPool(parseSubnet("10.0.0.0/29"));
    expect(gatewayOf(parseSubnet("10.0.0.0/29"))).toBe("10.0.0.1");
    expect([pool.take(), pool.take()]).toEqual(["10.0.0.2", "10.0.0.3"]);
    pool.release("10.0.0.2");
    expect([pool.take(), pool.take(), pool.take(), pool.take()]).toEqual([
      "10.0.0.4",
      "10.0.0.5",
      "10.0.0.6",
      "10.0.0.2",
    ]);
    expect(() => pool.take()).toThrow("all 5 addresses of 10.0.0.0/29 are in use");
  });

  test("that a container of an earlier daemon has are not given", () => {
    const pool = addressPool(parseSubnet("10.0.0.0/29"));
    expect(pool.keep("10.0.0.2")).toBe(true);
    expect(pool.keep("10.0.0.4")).toBe(true);
    expect(pool.keep("192.168.0.4")).toBe(false);
    expect([pool.take(), pool.take(), pool.take()]).toEqual(["10.0.0.5", "10.0.0.6", "10.0.0.3"]);
  });

  test("have a hardware address each", () => {
    expect(macOf("172.20.0.5")).toBe("02:42:ac:14:00:05");
  });
});
