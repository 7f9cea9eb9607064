import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { BridgeNetwork, NetworkRequest } from "../../src/network/network.ts";
import { rootMissing } from "../support/engine.ts";
import { command, type Other, ownNetwork } from "./namespace.ts";
import { block, type Engine, engine, neighbour } from "./setting.ts";
import { call, serve } from "./talk.ts";

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

const dual = [block(), block({ family: 6 })];

async function make({ networks }: Engine, name: string, change: Partial<NetworkRequest<BridgeNetwork>> = {}) {
  const network = networks.reserve({
    ...{ name, driver: "bridge", interface: `br-${name}`, blocks: dual, mtu: null, publishOn: "" },
    ...{ internal: false, open: true, masquerade: true },
    ...change,
  });
  await networks.make(network);
  return network;
}

const OURS = ["198.51.100.1", "2001:db8:1::1"] as const;
const THEIRS = ["198.51.100.2", "2001:db8:1::2"] as const;

/** A host on our wire that has us as its router for both families. */
async function world(): Promise<Other> {
  const other = await neighbour(scope, OURS[0], THEIRS[0]);
  const wire = command("ip", "-o", "link").match(/wire\d+(?=@)/)?.[0] ?? "";
  command("ip", "address", "add", `${OURS[1]}/64`, "dev", wire, "nodad");
  other.run("ip", "address", "add", `${THEIRS[1]}/64`, "dev", "wire", "nodad");
  other.run("ip", "route", "add", "default", "via", OURS[1]);
  return other;
}

describe.skipIf(rootMissing)("a network of both families", () => {
  test("connects its containers with each other and with the world, at once", async () => {
    const one = await engine(scope);
    const outside = await world();
    await make(one, "web");
    const [a, b] = [await one.join("web", "a"), await one.join("web", "b")];
    await Promise.all([serve(b, 80), serve(b, 53, "udp"), serve(outside, 81), serve(outside, 53, "udp")]);
    expect(a.address6).toMatch(/^fd/);
    for (const [from, to] of [
      [a.address, b.address],
      [a.address6, b.address6],
    ] as const) {
      expect(call(a, to, 80)).toBe(from);
      expect(call(a, to, 53, "udp")).toBe(from);
    }
    expect(call("host", b.address6, 80)).toBe(b.gateway6);
    for (const at of [0, 1] as const) {
      expect(call(a, THEIRS[at], 81)).toBe(OURS[at]);
      expect(call(a, THEIRS[at], 53, "udp")).toBe(OURS[at]);
    }
    expect(readFileSync("/proc/sys/net/ipv6/conf/br-web/accept_ra", "utf8")).toBe("0\n");
  });
});
