import { describe, expect, test } from "bun:test";
import { ownHost } from "../support/host.ts";
import { dockerEngine, engineMissing } from "./docker.ts";

describe.skipIf(engineMissing)("the unmodified docker CLI and networks", () => {
  const it = dockerEngine(ownHost);
  const { docker, ok, inspect } = it;
  const fetched = async (from: string, address: string) =>
    (await docker("exec", from, "sh", "-c", `timeout 1 wget -q -O - http://${address}/w`)).stdout.trim();
  /** A web server that answers with its host name; it listens when this returns. */
  const run = async (name: string, ...words: string[]) => {
    const serving = "hostname >w; httpd -f -p 80 -h /";
    await ok("run", "-d", "--name", name, ...words, "busybox", "sh", "-c", serving);
    for (let tries = 0; (await fetched(name, "127.0.0.1")) === ""; tries++) {
      if (tries > 50)
        throw new Error((await docker("exec", name, "sh", "-c", "wget -O - http://127.0.0.1/w")).stderr);
      await Bun.sleep(20);
    }
  };
  const addressIn = async (container: string, network: string) =>
    (await inspect("container", container)).NetworkSettings.Networks[network]?.IPAddress;

  test("create with every option is told by inspect and ls; rm and prune take it away", async () => {
    const options = [
      ...["--subnet", "10.77.0.0/24", "--gateway", "10.77.0.254", "--ip-range", "10.77.0.128/25"],
      ...["--aux-address", "printer=10.77.0.130", "--internal", "--attachable", "--label", "a=b"],
      ...["-o", "com.docker.network.driver.mtu=1400", "-o", "com.docker.network.bridge.name=mine0"],
    ];
    const id = await ok("network", "create", ...options, "full");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await inspect("network", "full")).toMatchObject({
      ...{ Id: id, Name: "full", Driver: "bridge", Scope: "local", Internal: true, Attachable: true },
      ...{ Labels: { a: "b" }, EnableIPv4: true, EnableIPv6: false, Containers: {} },
      Options: { "com.docker.network.driver.mtu": "1400", "com.docker.network.bridge.name": "mine0" },
      IPAM: {
        Driver: "default",
        Config: [
          {
            ...{ Subnet: "10.77.0.0/24", Gateway: "10.77.0.254", IPRange: "10.77.0.128/25" },
            AuxiliaryAddresses: { printer: "10.77.0.130" },
          },
        ],
      },
    });
    expect((await inspect("network", id.slice(0, 12))).Name).toBe("full");
    const names = (...filter: string[]) => ok("network", "ls", "--format", "{{.Name}}", ...filter);
    expect(await names()).toBe("bridge\nfull\nhost\nnone");
    expect(await names("-f", "type=custom")).toBe("full");
    expect(await names("-f", "label=a=b")).toBe("full");
    expect(await names("-f", "dangling=true")).toBe("full");
    expect(await names("-f", "driver=host")).toBe("host");
    expect(await ok("network", "rm", "full")).toBe("full");
    await ok("network", "create", "idle");
    expect(await ok("network", "prune", "-f")).toBe("Deleted Networks:\nidle");
    expect(await names()).toBe("bridge\nhost\nnone");
  });

  test("what cannot be is refused in a sentence", async () => {
    await ok("network", "create", "--subnet", "10.78.0.0/24", "taken");
    const refusals: readonly (readonly [readonly string[], string])[] = [
      [["create", "taken"], "network with name taken already exists"],
      [["create", "bridge"], "operation is not permitted on predefined bridge network"],
      [["create", "--subnet", "10.78.0.128/25", "x"], "10.78.0.0/24 of the network"],
      [["create", "--subnet", "10.79.0.0/31", "x"], "has no room for the gateway and a container"],
      [["create", "-d", "nothing", "x"], "could not find a network driver with name nothing"],
      [["create", "-d", "host", "x"], "only one instance of"],
      [["create", "--ipv6", "--subnet", "fd00:79::/127", "x"], "has no room for the gateway and a container"],
      [["create", "--ipv6", "--subnet", "fd00:79::5/64", "x"], "it is not an IPv6 subnet"],
      [["create", "--subnet", "10.79.0.0/24", "--subnet", "10.80.0.0/24", "x"], "not several of IPv4"],
      [["create", "--ipv4=false", "--ipv6=false", "x"], "neither IPv4 nor IPv6"],
      [["create", "--ipv4=false", "--subnet", "10.79.0.0/24", "x"], "10.79.0.0/24 is of IPv4"],
      [["create", "--ipv6=false", "--subnet", "fd00:79::/64", "x"], "fd00:79::/64 is of IPv6"],
      [["rm", "bridge"], "bridge is a pre-defined network and cannot be removed"],
      [["rm", "nothing"], "network nothing not found"],
      [["inspect", "nothing"], "network nothing not found"],
      [["connect", "taken", "nothing"], "No such container: nothing"],
    ];
    for (const [words, why] of refusals) {
      const answer = await docker("network", ...words);
      expect([answer.code, answer.stderr]).toEqual([1, expect.stringContaining(why)]);
    }
    expect(await ok("network", "ls", "-q", "-f", "name=x")).toBe("");
    await ok("network", "rm", "taken");
  });

  test("of IPv6 and of both families are made, told and given addresses from", async () => {
    const subnets = ["--subnet", "10.83.0.0/24", "--subnet", "fd00:83::/64", "--gateway", "fd00:83::fe"];
    const aux = ["--aux-address", "printer=10.83.0.5", "--aux-address", "printer6=fd00:83::5"];
    const range = ["--ip-range", "fd00:83::4/126"];
    await ok("network", "create", "--ipv6", ...subnets, ...aux, ...range, "dual");
    await ok("network", "create", "--ipv6", "--ipv4=false", "six");
    const [dual, six] = [await inspect("network", "dual"), await inspect("network", "six")];
    expect(dual).toMatchObject({
      ...{ EnableIPv4: true, EnableIPv6: true },
      IPAM: {
        Config: [
          { Subnet: "10.83.0.0/24", Gateway: "10.83.0.1", AuxiliaryAddresses: { printer: "10.83.0.5" } },
          {
            ...{ Subnet: "fd00:83::/64", IPRange: "fd00:83::4/126", Gateway: "fd00:83::fe" },
            AuxiliaryAddresses: { printer6: "fd00:83::5" },
          },
        ],
      },
    });
    const [config] = six.IPAM.Config;
    expect([six.EnableIPv4, six.EnableIPv6, config.Subnet]).toEqual([
      false,
      true,
      expect.stringMatching(/^fd/),
    ]);
    await run("near", "--network", "dual", "--ip6", "fd00:83::77");
    await run("far", "--network", "six");
    await ok("network", "connect", "--ip6", "fd00:83::78", "dual", "far");
    const { dual: near } = (await inspect("container", "near")).NetworkSettings.Networks;
    expect(near).toMatchObject({
      ...{ IPAddress: "10.83.0.2", IPPrefixLen: 24, Gateway: "10.83.0.1" },
      ...{ GlobalIPv6Address: "fd00:83::77", GlobalIPv6PrefixLen: 64, IPv6Gateway: "fd00:83::fe" },
      IPAMConfig: { IPv6Address: "fd00:83::77" },
    });
    const far = (await inspect("container", "far")).NetworkSettings.Networks;
    expect(far.six).toMatchObject({ IPAddress: "", GlobalIPv6PrefixLen: 64, IPv6Gateway: config.Gateway });
    expect(far.dual).toMatchObject({ IPAddress: "10.83.0.3", GlobalIPv6Address: "fd00:83::78" });
    expect((await inspect("network", "dual")).Containers).toMatchObject({
      [(await inspect("container", "near")).Id]: {
        IPv4Address: "10.83.0.2/24",
        IPv6Address: "fd00:83::77/64",
      },
    });
    expect(await ok("exec", "near", "cat", "/etc/hosts")).toMatch(/\n10\.83\.0\.2\t\w+\nfd00:83::77\t\w+/);
    expect(await fetched("near", "[fd00:83::78]")).not.toBe("");
    expect(await fetched("near", `[${far.six.GlobalIPv6Address}]`)).toBe("");
    const used = await docker("run", "--rm", "--network", "dual", "--ip6", "fd00:83::77", "busybox", "true");
    expect([used.code, used.stderr]).toEqual([125, expect.stringContaining("Address already in use")]);
    const wrong = await docker("run", "--rm", "--network", "six", "--ip", "10.1.1.1", "busybox", "true");
    expect([wrong.code, wrong.stderr]).toEqual([125, expect.stringContaining("has no IPv4")]);
    // The default route of each family leads through the first network that has it.
    await ok("network", "create", "--subnet", "10.84.0.0/24", "four");
    await run("mixed", "--network", "four", "--network", "six", "-p", "8084:80");
    const defaults = async () =>
      (await ok("exec", "mixed", "sh", "-c", "ip route; ip -6 route")).match(/default via \S+ dev eth\d/g);
    const six6 = `default via ${config.Gateway} dev eth1`;
    expect(await defaults()).toEqual(["default via 10.84.0.1 dev eth0", six6]);
    await ok("network", "disconnect", "four", "mixed");
    expect(await defaults()).toEqual([six6]);
    expect(await ok("port", "mixed")).toContain("0.0.0.0:8084");
    await ok("network", "connect", "dual", "mixed");
    expect(await defaults()).toEqual(["default via 10.83.0.1 dev eth0", six6]);
    await ok("network", "disconnect", "six", "mixed");
    expect(await defaults()).toEqual(["default via 10.83.0.1 dev eth0", "default via fd00:83::fe dev eth0"]);
    expect((await inspect("container", "mixed")).NetworkSettings.Networks.dual).toMatchObject({
      ...{ Gateway: "10.83.0.1", IPv6Gateway: "fd00:83::fe" },
    });
    expect((await it.host.run("wget", ["-q", "-T", "2", "-O", "-", "http://127.0.0.1:8084/w"])).code).toBe(0);
    await ok("rm", "-f", "near", "far", "mixed");
    await ok("network", "rm", "dual", "six", "four");
  });

  test("run in several networks, with addresses, aliases and hardware addresses of its own", async () => {
    await ok("network", "create", "--subnet", "10.81.0.0/24", "front");
    await ok("network", "create", "--subnet", "10.82.0.0/24", "back");
    const mac = "02:42:0a:51:00:99";
    await run(
      "web",
      "--network",
      `name=front,ip=10.81.0.50,alias=www,mac-address=${mac}`,
      "--network",
      "back",
    );
    await run("db", "--network", "back", "--ip", "10.82.0.9", "--network-alias", "sql");
    await run("lone");
    const networks = (await inspect("container", "web")).NetworkSettings.Networks;
    expect(Object.keys(networks)).toEqual(["front", "back"]);
    expect(networks.front).toMatchObject({
      ...{ IPAddress: "10.81.0.50", IPPrefixLen: 24, MacAddress: mac, Aliases: ["www"] },
      ...{ IPAMConfig: { IPv4Address: "10.81.0.50" } },
      NetworkID: (await inspect("network", "front")).Id,
    });
    expect((await inspect("network", "back")).Containers).toEqual(
      Object.fromEntries(
        await Promise.all(
          ["web", "db"].map(async (name) => {
            const { Id, NetworkSettings } = await inspect("container", name);
            const { EndpointID, MacAddress, IPAddress } = NetworkSettings.Networks.back;
            const rest = { EndpointID, MacAddress, IPv4Address: `${IPAddress}/24`, IPv6Address: "" };
            return [Id, { Name: name, ...rest }];
          }),
        ),
      ),
    );
    expect(await fetched("web", "10.82.0.9")).not.toBe("");
    expect(await fetched("lone", "10.82.0.9")).toBe("");
    expect(await fetched("db", "10.81.0.50")).toBe("");
    // By its name, the default route leads through `back`.
    expect(await ok("exec", "web", "sh", "-c", "ip route")).toContain("default via 10.82.0.1 dev eth1");
    const used = await docker("run", "--rm", "--network", "back", "--ip", "10.82.0.9", "busybox", "true");
    expect([used.code, used.stderr]).toEqual([125, expect.stringContaining("Address already in use")]);
    expect((await docker("network", "rm", "back")).stderr).toContain("has active endpoints");
  });

  test("connect and disconnect while it runs, and while it does not", async () => {
    await ok("network", "connect", "--alias", "late", "back", "lone");
    expect(await fetched("lone", "10.82.0.9")).not.toBe("");
    expect((await docker("network", "connect", "back", "lone")).stderr).toContain(
      "already exists in network back",
    );
    const address = await addressIn("lone", "back");
    expect(await ok("exec", "lone", "sh", "-c", "ip -o -4 address show eth1")).toContain(`${address}/24`);
    await ok("network", "disconnect", "bridge", "lone");
    expect(Object.keys((await inspect("container", "lone")).NetworkSettings.Networks)).toEqual(["back"]);
    expect(await ok("exec", "lone", "sh", "-c", "ip route")).toContain("default via 10.82.0.1");
    await ok("restart", "-t", "0", "lone");
    expect(await ok("exec", "lone", "sh", "-c", "ip -o link")).not.toContain("eth1");
    await ok("stop", "-t", "0", "lone");
    await ok("network", "connect", "--ip", "10.81.0.60", "front", "lone");
    await ok("start", "lone");
    expect(await addressIn("lone", "front")).toBe("10.81.0.60");
    expect((await docker("network", "disconnect", "bridge", "lone")).stderr).toContain("is not connected to");
  });

  test("container:NAME shares another one's network, with its names", async () => {
    const shared = await ok(
      ...["run", "--rm", "--network", "container:db", "busybox", "sh", "-c"],
      "hostname; ip -o -4 address show eth0; wget -q -O - http://127.0.0.1/w",
    );
    expect(shared).toContain("10.82.0.9/24");
    expect(shared.split("\n").at(0)).toBe((await inspect("container", "db")).Config.Hostname);
    const refused = await docker("run", "--rm", "-p", "80:80", "--network", "container:db", "busybox");
    expect(refused.stderr).toContain(
      "conflicting options: port publishing and the container type network mode",
    );
    await ok("create", "--name", "still", "busybox");
    const still = await docker("run", "--rm", "--network", "container:still", "busybox", "true");
    expect(still.stderr).toContain("cannot join network of a non running container");
  });

  test("all of it is there after the daemon was killed, and made again after bridges are gone", async () => {
    const before = await addressIn("web", "back");
    await it.engine.kill();
    const bridges = (await it.host.run("ip", ["-o", "link"])).stdout.match(/br-[0-9a-f]{12}(?=:)/g) ?? [];
    expect(bridges).toHaveLength(2);
    await it.host.run("ip", ["link", "delete", bridges[0] ?? ""]);
    await it.engine.serve();
    expect(await addressIn("web", "back")).toBe(before);
    expect(await fetched("web", "10.82.0.9")).not.toBe("");
    await run("next", "--network", "back");
    expect([before, "10.82.0.9"]).not.toContain(await addressIn("next", "back"));
    expect(await fetched("next", "10.82.0.9")).not.toBe("");
    expect(await fetched("next", "10.81.0.50")).toBe("");
  });
});
