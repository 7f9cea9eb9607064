import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ownHost } from "../support/host.ts";
import { dockerEngine, engineMissing } from "./docker.ts";

describe.skipIf(engineMissing)("the unmodified docker CLI and macvlan", () => {
  const it = dockerEngine(ownHost);
  const { docker, ok, inspect } = it;
  /** Another host, at the other end of our eth0: 10.9.0.1/24. */
  let outside: Awaited<ReturnType<typeof ownHost>>;
  const ip = async (...words: string[]) => {
    const { code, stdout, stderr } = await it.host.run("ip", words);
    if (code !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr}`);
    return stdout;
  };
  /** By a shell, which has the applets that the image has no names for. */
  const shell = (container: string, words: string) => ok("exec", container, "sh", "-c", words);
  const answers = async (from: string, address: string) =>
    (await docker("exec", from, "sh", "-c", `ping -c 1 -W 1 ${address}`)).code === 0;
  const run = (name: string, ...words: string[]) =>
    ok("run", "-d", "--name", name, ...words, "busybox", "sleep", "600");

  beforeAll(async () => {
    outside = await ownHost();
    const peer = ["type", "veth", "peer", "name", "wire", "netns", String(outside.pid)];
    await ip("link", "add", "eth0", ...peer);
    await ip("link", "set", "eth0", "up");
    await outside.run("ip", ["address", "add", "10.9.0.1/24", "dev", "wire"]);
    await outside.run("ip", ["link", "set", "wire", "up"]);
  }, 60_000);
  afterAll(() => outside?.[Symbol.dispose]());

  test("create and inspect tell the driver and its options", async () => {
    const options = ["-o", "parent=eth0", "-o", "macvlan_mode=bridge"];
    const addresses = ["--subnet", "10.9.0.0/24", "--gateway", "10.9.0.1", "--ip-range", "10.9.0.64/26"];
    await ok("network", "create", "-d", "macvlan", ...options, ...addresses, "pub");
    expect(await inspect("network", "pub")).toMatchObject({
      ...{ Name: "pub", Driver: "macvlan", Scope: "local", Internal: false, EnableIPv4: true },
      Options: { parent: "eth0", macvlan_mode: "bridge" },
      IPAM: { Config: [{ Subnet: "10.9.0.0/24", Gateway: "10.9.0.1", IPRange: "10.9.0.64/26" }] },
    });
    expect(await ok("network", "ls", "-f", "driver=macvlan", "--format", "{{.Name}} {{.Driver}}")).toBe(
      "pub macvlan",
    );
    const wrong = async (...words: string[]) => (await docker("network", "create", ...words, "x")).stderr;
    expect(await wrong("-d", "macvlan", "-o", "parent=eth9")).toContain("the host has no interface eth9");
    expect(await wrong("-d", "macvlan", "-o", "macvlan_mode=x")).toContain(
      '"x" is none of private, vepa, bridge, passthru',
    );
    expect(await ok("network", "ls", "-q", "-f", "name=x")).toBe("");
  });

  test("containers are on the parent's wire, with their addresses, and publish nothing", async () => {
    const mac = "02:42:0a:09:00:99";
    await run("one", "--network", "pub", "--mac-address", mac, "--ip", "10.9.0.9", "-p", "8099:80");
    await run("two", "--network", "pub");
    expect((await inspect("container", "one")).NetworkSettings.Networks.pub).toMatchObject({
      ...{ IPAddress: "10.9.0.9", IPPrefixLen: 24, Gateway: "10.9.0.1", MacAddress: mac },
    });
    expect(await shell("one", "cat /sys/class/net/eth0/address")).toBe(mac);
    expect(await ok("ps", "--filter", "name=one", "--format", "{{.Ports}}")).toBe("80/tcp");
    const { IPAddress } = (await inspect("container", "two")).NetworkSettings.Networks.pub;
    expect(IPAddress).toBe("10.9.0.64");
    expect(await answers("one", IPAddress)).toBe(true);
    expect(await answers("one", "two")).toBe(true);
    expect(await answers("one", "10.9.0.1")).toBe(true);
    const seen = await outside.run("ip", ["neighbour", "show", "10.9.0.9"]);
    expect(seen.stdout).toContain(mac);
    // The gateway is the wire's, not this host.
    expect(await shell("one", "cat /etc/hosts")).not.toContain("host.docker.internal");
    const taken = await docker("run", "--rm", "--network", "pub", "--ip", "10.9.0.9", "busybox", "true");
    expect(taken.stderr).toContain("Address already in use");
    for (let turn = 0; turn < 3; turn++) await ok("restart", "-t", "0", "one");
    expect(await answers("one", "10.9.0.1")).toBe(true);
    expect((await docker("network", "rm", "pub")).stderr).toContain("has active endpoints");
  });

  test("connect and disconnect while it runs; published ports wait for a bridge", async () => {
    await run("three", "-p", "8098:80");
    await ok("network", "connect", "--ip", "10.9.0.20", "pub", "three");
    expect(await shell("three", "ip -o -4 address show eth1")).toContain("10.9.0.20/24");
    expect(await answers("three", "10.9.0.1")).toBe(true);
    await ok("network", "disconnect", "bridge", "three");
    expect(await shell("three", "ip route")).toContain("default via 10.9.0.1 dev eth1");
    expect(await ok("port", "three")).toBe("");
    await ok("network", "connect", "bridge", "three");
    await ok("network", "disconnect", "pub", "three");
    expect(await shell("three", "ip -o link")).not.toContain("eth1");
    expect(await ok("port", "three")).toContain("80/tcp -> 0.0.0.0:8098");
  });

  test("all of it is there after the daemon was killed, and goes with the network", async () => {
    await ok("network", "create", "-d", "macvlan", "alone");
    expect(await inspect("network", "alone")).toMatchObject({ Internal: true, Driver: "macvlan" });
    expect(await ip("-o", "link")).toContain("dm-");
    await it.engine.kill();
    await ip("link", "delete", `dm-${(await ip("-o", "link")).match(/(?<=dm-)[0-9a-f]+/)?.[0]}`);
    await it.engine.serve();
    await run("four", "--network", "alone");
    expect(await shell("four", "cat /sys/class/net/eth0/carrier")).toBe("1");
    expect(await answers("one", "10.9.0.1")).toBe(true);
    await run("five", "--network", "pub");
    const told = (await inspect("network", "pub")).Containers;
    const addresses = Object.values(told).map((one) => (one as { IPv4Address: string }).IPv4Address);
    expect(new Set(addresses).size).toBe(3);
    await ok("rm", "-f", "one", "two", "three", "four", "five");
    await ok("network", "rm", "pub", "alone");
    const left = async () => (await ip("-o", "link")).match(/^\d+: (dm-|de-|eth0|inro[0-9a-f]+@)/gm);
    // What the kernel has not removed by itself the engine removes a second later.
    for (let tries = 0; (await left())?.length !== 1 && tries < 300; tries++) await Bun.sleep(20);
    expect(await left()).toEqual([expect.stringContaining("eth0")]);
  });
});
