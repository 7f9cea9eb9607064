import { afterEach, beforeEach, expect, test } from "bun:test";
import { command, type Other, ownNetwork } from "../network/namespace.ts";
import { engine, type Joined, neighbour } from "../network/setting.ts";
import { call, serve } from "../network/talk.ts";
import { rootMissing } from "../support/engine.ts";
import { tool } from "../support/tools.ts";

const nft = tool("nft");

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

const ours = "198.51.100.1";

/** A container that publishes one of its two ports, and an attacker whose default route is our host. */
async function attacked(): Promise<{ web: Joined; attacker: Other }> {
  const { container } = await engine(scope);
  const attacker = await neighbour(scope, ours, "198.51.100.66");
  const web = await container("web", "8000:80");
  await Promise.all([serve(web, 80), serve(web, 81), serve(web, 53, "udp")]);
  // What is attacked answers those who may ask.
  expect(call("host", web.address, 81)).toBe(web.gateway);
  return { web, attacker };
}

test.skipIf(rootMissing)(
  "R27 a neighbour that routes packets straight to a container's address reaches nothing",
  async () => {
    const { web, attacker } = await attacked();
    expect(call(attacker, web.address, 81)).toBeUndefined();
    // Not the published port either: it was published on the host's addresses, not on the container's.
    expect(call(attacker, web.address, 80)).toBeUndefined();
    expect(call(attacker, web.address, 53, "udp")).toBeUndefined();
  },
);

test.skipIf(rootMissing)("R27 only the published port is open on the host's address", async () => {
  const { attacker } = await attacked();
  expect(call(attacker, ours, 8000)).toBe("198.51.100.66");
  expect(call(attacker, ours, 80)).toBeUndefined();
  expect(call(attacker, ours, 81)).toBeUndefined();
  expect(call(attacker, ours, 8000, "udp")).toBeUndefined();
});

test.skipIf(rootMissing)(
  "R27 a container of one engine cannot reach another engine's unpublished ports",
  async () => {
    const { web } = await attacked();
    const foreign = await (await engine(scope)).container("foreign");
    expect(call(foreign, web.address, 81)).toBeUndefined();
    // The published one is open to it as to anyone.
    expect(call(foreign, web.gateway, 8000)).toBe(web.gateway);
  },
);

test.skipIf(rootMissing || nft === undefined)(
  "R27 an administrator's forward policy and rules stay as they are, and no container opens them",
  async () => {
    const list = (...words: string[]) => command(nft ?? "nft", "list", ...words);
    command(nft ?? "nft", "add table ip filter");
    command(
      nft ?? "nft",
      "add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }",
    );
    command(nft ?? "nft", "add rule ip filter FORWARD tcp dport 443 accept");
    const before = list("table", "ip", "filter");
    const { web, attacker } = await attacked();
    expect(list("table", "ip", "filter")).toBe(before);
    // Closed by the administrator is closed: an accept of ours does not override another chain's drop.
    expect(call(attacker, ours, 8000)).toBeUndefined();
    expect(call(attacker, web.address, 81)).toBeUndefined();
  },
);

test.skipIf(rootMissing || nft === undefined)(
  "R27 what is forwarded between others is none of our business",
  async () => {
    await attacked();
    const other = await neighbour(scope, "203.0.113.1", "203.0.113.2");
    const third = await neighbour(scope, "192.0.2.1", "192.0.2.2");
    await serve(third, 80);
    expect(call(other, "192.0.2.2", 80)).toBe("203.0.113.2");
  },
);
