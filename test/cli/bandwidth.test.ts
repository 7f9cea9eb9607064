import { describe, expect, test } from "bun:test";
import { networkBandwidth } from "../../src/cli/create/bandwidth.ts";
import { cliEngine, engineMissing } from "./engine.ts";

test("rates are read as tc(8) reads them: bits or bytes a second, by thousands or by 1024", () => {
  expect(networkBandwidth("in=10mbit,out=5mbit")).toEqual({ In: 10e6, Out: 5e6 });
  expect(networkBandwidth("in=9600")).toEqual({ In: 9600 });
  expect(networkBandwidth("out=1.5Gbit")).toEqual({ Out: 1.5e9 });
  expect(networkBandwidth("in=1mbps,out=2kibit")).toEqual({ In: 8e6, Out: 2048 });
  expect(networkBandwidth("in=100bps,out=0")).toEqual({ In: 800, Out: 0 });
  expect(networkBandwidth("none")).toEqual({ In: 0, Out: 0 });
  for (const wrong of [
    "",
    "10mbit",
    "in=",
    "in=fast",
    "in=-1mbit",
    "up=1mbit",
    "in=1mbit,",
    "in=1mb",
    "in=1 mbit",
  ])
    expect(() => networkBandwidth(wrong)).toThrow("write ");
});

describe.skipIf(engineMissing)("--network-bandwidth", () => {
  const cli = cliEngine();
  const bandwidth = (container: string) =>
    cli.out("inspect", "-f", "{{json .HostConfig.NetworkBandwidth}}", container);
  const devices = async () =>
    (await Bun.$`ip -o link show type ifb`.text()).split("\n").filter((line) => line.includes(id)).length;
  let id = "";
  /** The host's end of a container's first pair. */
  const portOf = async (container: string) => {
    const inside = await cli.out("exec", container, "cat", "/sys/class/net/eth0/iflink");
    const links = await Bun.$`ip -o link`.text();
    return new RegExp(`^${inside.trim()}: (\\w+)`, "m").exec(links)?.[1] ?? "";
  };

  test("holds from the start on, is shown, changed while it runs, and goes with its end", async () => {
    const name = "limited";
    id = (
      await cli.out(
        "run",
        "-d",
        "--name",
        name,
        "--network-bandwidth",
        "in=10mbit,out=5mbit",
        "busybox",
        "sleep",
        "600",
      )
    ).trim();
    expect(await bandwidth(name)).toBe('{"In":10000000,"Out":5000000}\n');
    expect(await devices()).toBe(2);
    const plan = await cli.out("explain", name);
    expect(plan).toMatch(/inro-i\w+ lets 10mbit in, 12500 bytes at once .*--network-bandwidth in=10mbit/);
    expect(plan).toMatch(/inro\w+ goes by way of inro-i\w+ and inro-o\w+/);
    expect(await cli.out("update", "--network-bandwidth", "in=0", name)).toBe(`${name}\n`);
    expect(await bandwidth(name)).toBe('{"In":0,"Out":5000000}\n');
    expect(await devices()).toBe(1);
    await cli.out("restart", "-t", "0", name);
    expect([await bandwidth(name), await devices()]).toEqual(['{"In":0,"Out":5000000}\n', 1]);
    await cli.out("update", "--network-bandwidth", "none", name);
    expect([await bandwidth(name), await devices()]).toEqual(['{"In":0,"Out":0}\n', 0]);
    await cli.out("update", "--network-bandwidth", "in=1mbit", name);
    expect(await devices()).toBe(1);
    await cli.out("stop", "-t", "0", name);
    expect(await devices()).toBe(0);
    await cli.out("update", "--network-bandwidth", "out=1mbit", name);
    expect(await bandwidth(name)).toBe('{"In":1000000,"Out":1000000}\n');
    await cli.out("rm", name);
  });

  test("goes along when a running container is connected with another network", async () => {
    await cli.out("network", "create", "bandwidth-two");
    const words = ["--name", "mover", "--network-bandwidth", "out=1mbit", "busybox", "sleep", "600"];
    await cli.out("run", "-d", ...words);
    await cli.out("network", "connect", "bandwidth-two", "mover");
    await cli.out("network", "disconnect", "bridge", "mover");
    const network = await cli.out("network", "inspect", "-f", "{{.Id}}", "bandwidth-two");
    const ports = await Bun.$`ip -o link show master br-${network.slice(0, 12)}`.text();
    const port = /inro[0-9a-f]+/.exec(ports)?.[0] ?? "";
    expect(await Bun.$`tc filter show dev ${port} ingress`.text()).toMatch(/Redirect to device inro-o/);
    expect(await Bun.$`tc filter show dev ${port} egress`.text()).toBe("");
    await cli.out("rm", "-f", "mover");
    await cli.out("network", "rm", "bandwidth-two");
  });

  test("is told as it was where it cannot be changed, and its end takes what the attempt left", async () => {
    id = (
      await cli.out(
        "run",
        "-d",
        "--name",
        "stuck",
        "--network-bandwidth",
        "out=1mbit",
        "busybox",
        "sleep",
        "600",
      )
    ).trim();
    const port = await portOf("stuck");
    await Bun.$`tc qdisc del dev ${port} clsact && tc qdisc add dev ${port} egress_block 22 clsact`;
    // Somebody has put a shared block where our filter for what comes in belongs.
    const failed = await cli.inro("update", "--network-bandwidth", "in=1mbit", "stuck");
    expect([failed.code, failed.stderr]).toEqual([
      1,
      expect.stringContaining("cannot limit the container's bandwidth"),
    ]);
    expect(await bandwidth("stuck")).toBe('{"In":0,"Out":1000000}\n');
    await cli.out("rm", "-f", "stuck");
    expect(await devices()).toBe(0);
  });

  test("is refused where it could not be kept", async () => {
    const why = async (...words: string[]) => (await cli.inro(...words)).stderr;
    const limit = ["--network-bandwidth", "in=1mbit"];
    expect(await why("create", "--network", "host", ...limit, "busybox")).toContain(
      "in the network host it has the host's interfaces",
    );
    await cli.out("run", "-d", "--name", "owner", "busybox", "sleep", "600");
    expect(await why("create", "--network", "container:owner", ...limit, "busybox")).toContain(
      "the limit is that container's to have",
    );
    expect(await why("update", "--network-bandwidth", "in=1kbit", "owner")).toContain(
      "8000 to 1000000000000",
    );
    expect(await why("update", "owner")).toContain("say what is to be changed");
    await cli.out("rm", "-f", "owner");
  });
});
