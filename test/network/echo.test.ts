import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { rootMissing } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";
import { tool, toolRoot } from "../support/tools.ts";
import { BEYOND, behindNarrow, make, OURS, THEIRS, world } from "./dual.ts";
import { command, type Other, ownNetwork } from "./namespace.ts";
import { engine } from "./setting.ts";

const ping = tool("ping");

/** What ping(8) of iputils says; how many answers of how many came stands in it. */
const pinged = (from: Other | "host", ...words: string[]): string => {
  const line = [ping ?? "", "-n", "-W", "2", ...words] as const;
  if (from !== "host") return from.attempt(...line).output;
  try {
    return command(...line);
  } catch (error) {
    return String(error);
  }
};
const FILTERED = "/proc/sys/net/bridge/bridge-nf-call-ip6tables";
const ONE = "1 packets transmitted, 1 received";
const NONE = "1 packets transmitted, 0 received";

describe.skipIf(rootMissing || ping === undefined)("echo, of both families", () => {
  let scope: DisposableStack;
  beforeEach(() => {
    scope = new DisposableStack();
    scope.use(ownNetwork());
  });
  afterEach(() => scope.dispose());

  test("is heard by neighbours, the host and others outside, whole and in fragments", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    await make(one, "web");
    const [a, b] = [await one.join("web", "a"), await one.join("web", "b")];
    for (const [at, to] of [
      [0, b.address],
      [1, b.address6],
    ] as const) {
      for (const size of ["56", "20000"]) {
        expect(pinged(a, "-c", "1", "-s", size, to)).toContain(ONE);
        expect(pinged("host", "-c", "1", "-s", size, to)).toContain(ONE);
        expect(pinged(a, "-c", "1", "-s", size, THEIRS[at])).toContain(ONE);
        expect(pinged(a, "-c", "1", "-s", size, OURS[at])).toContain(ONE);
      }
      // Nothing was published: who is outside is not heard.
      outside.run("ip", "route", "replace", "default", "via", OURS[at]);
      expect(pinged(outside, "-c", "1", to)).toContain(NONE);
    }
    // All nodes of the link (RFC 4291, 2.7.1): the host and the neighbour.
    const all = pinged(a, "-c", "2", "-i", "0.2", "-I", "eth0", "ff02::1");
    expect(new Set(all.match(/(?<=bytes from )fe80:[\da-f:]+(?=%)/g)).size).toBe(3);
  });

  test("is kept from neighbours with icc=false, and from other networks", async () => {
    const one = await engine(scope);
    await make(one, "apart", { open: false });
    await make(one, "other");
    const [a, b] = [await one.join("apart", "a"), await one.join("apart", "b")];
    const far = await one.join("other", "f");
    for (const to of [b.address, b.address6, far.address, far.address6])
      expect(pinged(a, "-c", "1", to)).toContain(NONE);
  });

  test("errors come back to who caused them: no such host, too far, too large", async () => {
    const one = await engine(scope);
    const outside = await world(scope);
    const beyond = await behindNarrow(scope, outside);
    // What it answers has to fit, too.
    beyond.run("ip", "link", "set", "narrow", "mtu", "1300");
    // With br_netfilter the kernel forgets how small fragments of IPv6 were (docs/KERNEL.md).
    if (existsSync(FILTERED)) command("sh", "-c", `echo 0 >${FILTERED}`);
    await make(one, "web");
    const a = await one.join("web", "a");
    for (const [at, { gateway, nowhere, wrong, header }] of [
      { gateway: a.gateway, nowhere: "203.0.113.77", wrong: "Destination Host Unreachable", header: 28 },
      {
        ...{ gateway: a.gateway6, nowhere: "2001:db8:2::77" },
        ...{ wrong: "Destination unreachable: Address unreachable", header: 48 },
      },
    ].entries()) {
      const to = BEYOND[at] ?? "";
      const router = THEIRS[at] ?? "";
      expect(pinged(a, "-c", "1", "-t", "1", to)).toMatch(
        new RegExp(`From ${gateway} .*Time (to live )?exceeded`),
      );
      expect(pinged(a, "-c", "1", "-t", "2", to)).toMatch(
        new RegExp(`From ${router} .*Time (to live )?exceeded`),
      );
      expect(pinged(a, "-c", "1", "-t", "3", to)).toContain(ONE);
      // The way is learnt from the first; what says that it may not be cut is refused, the largest that fits is not.
      const size = (bytes: number) => ["-M", "do", "-s", String(bytes - header)];
      expect(pinged(a, "-c", "1", ...size(1301), to)).toMatch(/From \S+ .*mtu ?= ?1300/);
      expect(pinged(a, "-c", "1", ...size(1301), to)).toMatch(/mtu[=:] ?1300/);
      expect(pinged(a, "-c", "1", ...size(1300), to)).toContain(ONE);
      expect(pinged(a, "-c", "1", "-s", "1400", to)).toContain(ONE);
      expect(pinged(a, "-c", "1", "-W", "5", nowhere)).toContain(wrong);
      expect(pinged(beyond, "-c", "1", OURS[at] ?? "")).toContain(ONE);
    }
  });
});

describe.skipIf(engineMissing || ping === undefined)("echo in containers", () => {
  const it = cliEngine(ownHost);
  // busybox has it for root alone; that of Debian asks for a socket that net.ipv4.ping_group_range opens to all.
  const mounts = ["/lib", "/lib64", "/usr/lib", `${toolRoot("ping")}:/ping`].map((path) =>
    path.includes(":") ? `${path}:ro` : `${path}:${path}:ro`,
  );
  const libraries = ["/ping/usr/lib", "/ping/lib"].map((path) => `${path}/x86_64-linux-gnu`).join(":");
  const debian = [...mounts.flatMap((mount) => ["-v", mount]), "-e", `LD_LIBRARY_PATH=${libraries}`];

  test("is for every user, with and without capabilities", async () => {
    await it.out("network", "create", "--ipv6", "dual");
    await it.out("run", "-d", "--name", "near", "--network", "dual", "busybox", "sleep", "600");
    const { GlobalIPv6Address, IPAddress } = JSON.parse(
      await it.out("inspect", "-f", "{{json .NetworkSettings.Networks.dual}}", "near"),
    );
    const says = (...words: string[]) =>
      it.out("run", "--rm", "--network", "dual", ...words, "-c", "1", "-W", "2");
    for (const [way, ...to] of [
      ["ping", IPAddress],
      ["ping6", GlobalIPv6Address],
      ["ping6", "near"],
    ])
      expect(await says("busybox", "busybox", way ?? "", ...to)).toContain("1 packets received");
    for (const who of [
      ["--user", "1000:1000"],
      ["--user", "1000", "--cap-drop", "ALL"],
    ])
      for (const to of [[IPAddress], [GlobalIPv6Address], ["-6", "near"]])
        expect(await says(...who, ...debian, "busybox", "/ping/bin/ping", ...to)).toContain("1 received");
  });
});
