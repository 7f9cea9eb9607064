import { describe, expect, test } from "bun:test";
import { busyboxArchive, busyboxMissing } from "../clients/busybox.ts";
import { testEngine } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("inro network", () => {
  const cli = cliEngine();
  const ok = async (...words: string[]) => {
    const { code, stdout, stderr } = await cli.inro(...words);
    if (code !== 0) throw new Error(`inro ${words.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
  const networksOf = async (container: string) =>
    JSON.parse(await ok("inspect", "-f", "{{json .NetworkSettings.Networks}}", container));

  test("create, ls, inspect, connect, disconnect, rm, prune", async () => {
    const id = await ok("network", "create", "--subnet", "10.201.7.0/24", "--label", "a=b", "cli-web");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await ok("network", "ls", "-f", "label=a=b", "--format", "{{.ID}} {{.Name}} {{.Driver}}")).toBe(
      `${id.slice(0, 12)} cli-web bridge`,
    );
    const pool = "{{(index .IPAM.Config 0).Subnet}}";
    expect(await ok("network", "inspect", "-f", pool, "cli-web")).toBe("10.201.7.0/24");
    await ok("run", "-d", "--name", "cli-one", "--network", "none", "busybox", "sleep", "60");
    expect((await cli.inro("network", "connect", "cli-web", "cli-one")).stderr).toContain(
      "private (none) mode",
    );
    await ok("run", "-d", "--name", "cli-two", "busybox", "sleep", "60");
    await ok("network", "connect", "--ip", "10.201.7.9", "--alias", "nine", "cli-web", "cli-two");
    expect(await networksOf("cli-two")).toMatchObject({
      bridge: {},
      "cli-web": { IPAddress: "10.201.7.9", Aliases: ["nine"] },
    });
    expect((await cli.inro("network", "rm", "cli-web")).code).toBe(1);
    expect(await ok("network", "disconnect", "cli-web", "cli-two")).toBe("");
    expect(Object.keys(await networksOf("cli-two"))).toEqual(["bridge"]);
    expect(await ok("network", "rm", "cli-web")).toBe("cli-web");
    expect(await cli.inro("network", "rm", "-f", "cli-web")).toMatchObject({ code: 0, stdout: "" });
    await ok("network", "create", "cli-idle");
    expect(await ok("network", "prune", "--dry-run")).toBe("Would delete Networks:\ncli-idle");
    expect(await ok("network", "prune", "-f")).toBe("Deleted Networks:\ncli-idle");
  });

  test("run in networks of either form, the first with --ip and --mac-address", async () => {
    await ok("network", "create", "--subnet", "10.201.8.0/24", "cli-a");
    await ok("network", "create", "--subnet", "10.201.9.0/24", "cli-b");
    const mac = "02:42:0a:c9:08:77";
    const first = ["--network", "cli-a", "--ip", "10.201.8.7", "--mac-address", mac, "--network-alias", "x"];
    const second = ["--network", "name=cli-b,ip=10.201.9.7,alias=y,gw-priority=1"];
    await ok("run", "-d", "--name", "cli-both", ...first, ...second, "busybox", "sleep", "60");
    expect(await networksOf("cli-both")).toMatchObject({
      "cli-a": { IPAddress: "10.201.8.7", MacAddress: mac, Aliases: ["x"], Gateway: "" },
      "cli-b": { IPAddress: "10.201.9.7", Aliases: ["y"], Gateway: "10.201.9.1", GwPriority: 1 },
    });
    const twice = await cli.inro("run", "--network", "cli-a", "--network", "cli-a", "busybox");
    expect([twice.code, twice.stderr]).toEqual([125, expect.stringContaining("specified multiple times")]);
    const wrong = await cli.inro("run", "--network", "name=cli-a,colour=red", "busybox");
    expect([wrong.code, wrong.stderr]).toEqual([125, expect.stringContaining('"colour=red" is none of')]);
    await ok("rm", "-f", "cli-both");
    await ok("network", "rm", "cli-a", "cli-b");
  });
});

describe.skipIf(engineMissing || busyboxMissing)("serve --ipv6 --bip", () => {
  test("the default network has both families, one of them where it was told to be", async () => {
    using host = await ownHost();
    await using engine = await testEngine(host, "--ipv6", "--bip", "10.201.10.9/24");
    await engine.inroWith({ input: busyboxArchive() }, "load");
    const { stdout: said } = await engine.inro("network", "inspect", "bridge");
    const [network] = JSON.parse(said);
    expect(network).toMatchObject({ EnableIPv4: true, EnableIPv6: true });
    const [four, six] = network.IPAM.Config;
    expect([four, six.Subnet]).toEqual([
      { Subnet: "10.201.10.0/24", Gateway: "10.201.10.9" },
      expect.stringMatching(/^fd[0-9a-f:]+::\/64$/),
    ]);
    const { stdout: routes } = await engine.inro(
      "run",
      "--rm",
      "busybox",
      "sh",
      "-c",
      "ip route; ip -6 route",
    );
    expect(routes).toContain("default via 10.201.10.9 dev eth0");
    expect(routes).toContain(`default via ${six.Gateway} dev eth0`);
  }, 60_000);
});
