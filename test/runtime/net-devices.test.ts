import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { SpecLinux } from "../../src/oci/runtime-spec.ts";
import { command, inNetwork, ownNetwork } from "../network/namespace.ts";
import { typical } from "./compile/spec.ts";
import { canRun, removeTestCgroups, testContainer } from "./container.ts";

afterAll(removeTestCgroups);

const canNetwork = canRun && Bun.which("ip") !== null;
const ip = (...words: string[]): string => command("ip", ...words);

/** What `ip` says of every interface in the network of a process. */
function networkOf(pid: number): { name: string; up: boolean; addresses: string[] }[] {
  using _ = inNetwork(pid);
  const links = JSON.parse(ip("-json", "addr")) as {
    ifname: string;
    flags: string[];
    addr_info: { local: string; prefixlen: number; scope: string }[];
  }[];
  return links.map(({ ifname, flags, addr_info }) => ({
    name: ifname,
    up: flags.includes("UP"),
    addresses: addr_info
      .filter(({ scope }) => scope === "global")
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  }));
}

const moving = (netDevices: SpecLinux["netDevices"]): Partial<SpecLinux> => ({
  netDevices: netDevices ?? {},
});

describe.skipIf(!canNetwork)("network devices that are moved into a container", () => {
  test("keep their permanent global addresses, get their new name and are up", async () => {
    using _ = ownNetwork();
    ip("link", "add", "host0", "type", "veth", "peer", "name", "dev0");
    ip("addr", "add", "10.11.0.2/24", "broadcast", "10.11.0.255", "dev", "dev0");
    ip("addr", "add", "10.12.0.1/32", "dev", "dev0");
    ip("addr", "add", "169.254.1.1/16", "scope", "link", "dev", "dev0");
    ip("addr", "add", "10.13.0.1/24", "valid_lft", "1000", "preferred_lft", "1000", "dev", "dev0");
    ip("addr", "add", "fd00::2/64", "nodad", "dev", "dev0");
    ip("link", "set", "dev0", "mtu", "1400", "up");
    await using c = await testContainer({
      script: "sleep 100",
      linux: moving({ dev0: { name: "inside0" } }),
    });
    const { pid } = await c.create();
    const device = networkOf(pid).find(({ name }) => name === "inside0");
    expect(device).toEqual({
      name: "inside0",
      up: true,
      addresses: ["10.11.0.2/24", "10.12.0.1/32", "fd00::2/64"],
    });
    expect(ip("-json", "link").includes('"dev0"')).toBe(false);
    const seen = readFileSync(`/proc/${pid}/net/dev`, "utf8");
    expect(seen).toContain("inside0:");
  });

  test("keep their name when none is given, and get a number where a template asks for one", async () => {
    using _ = ownNetwork();
    ip("link", "add", "first", "type", "veth", "peer", "name", "second");
    await using c = await testContainer({
      script: "sleep 100",
      linux: moving({ first: {}, second: { name: "net%d" } }),
    });
    const { pid } = await c.create();
    expect(
      networkOf(pid)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["first", "lo", "net0"]);
  });

  test("that meet a name in the container's namespace are an error", async () => {
    using _ = ownNetwork();
    ip("link", "add", "first", "type", "veth", "peer", "name", "second");
    await using c = await testContainer({ linux: moving({ first: { name: "lo" } }) });
    await expect(c.create()).rejects.toMatchObject({
      code: "NETWORK_SETUP_FAILED",
      at: "/linux/netDevices/first",
    });
  });

  test("that do not exist are an error, and nothing is made", async () => {
    using _ = ownNetwork();
    await using c = await testContainer({ linux: moving({ nosuch: {} }) });
    await expect(c.create()).rejects.toMatchObject({
      code: "NETWORK_SETUP_FAILED",
      at: "/linux/netDevices/nosuch",
      message: expect.stringContaining("ENODEV"),
    });
  });

  test.each([
    [{ "a b": {} }, {}, "/linux/netDevices/a b"],
    [{ first: { name: "much-too-long-name" } }, {}, "/linux/netDevices/first/name"],
    [{ first: { name: "a%d%d" } }, {}, "/linux/netDevices/first/name"],
    [{ first: { name: "x" }, second: { name: "x" } }, {}, "/linux/netDevices/second/name"],
    [
      { first: {} },
      { namespaces: typical.linux?.namespaces?.filter(({ type }) => type !== "network") },
      "/linux/netDevices/first",
    ],
  ])("%o that no namespace could have are refused before anything is asked", async (netDevices, more, at) => {
    await using c = await testContainer({ linux: { ...moving(netDevices), ...more } as Partial<SpecLinux> });
    await expect(c.create()).rejects.toMatchObject({ code: "NET_DEVICE_INVALID", at });
  });
});
