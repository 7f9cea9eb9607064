import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { type Other, ownNetwork, thisNetwork } from "../network/namespace.ts";
import { engine, neighbour } from "../network/setting.ts";
import { call, serve } from "../network/talk.ts";
import { rootMissing } from "../support/engine.ts";

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

const ours = "198.51.100.1";

/** Gives up the attacker's own loopback network and sends packets for 127/8 to our host instead. */
function aimAtLoopback(attacker: Other, via: string, device: string): void {
  attacker.run("sh", "-c", `echo 1 > /proc/sys/net/ipv4/conf/${device}/route_localnet`);
  attacker.run("sh", "-c", `echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet`);
  attacker.attempt("ip", "address", "delete", "127.0.0.1/8", "dev", "lo");
  attacker.attempt("ip", "route", "delete", "local", "127.0.0.0/8", "dev", "lo", "table", "local");
  attacker.run("ip", "route", "add", "127.0.0.0/8", "via", via, "dev", device);
}

test.skipIf(rootMissing)(
  "R28 a port published on 127.0.0.1 is not reached by a neighbour that sends packets for it (CVE-2020-8558)",
  async () => {
    const { container } = await engine(scope);
    const attacker = await neighbour(scope, ours, "198.51.100.66");
    const web = await container("web", "127.0.0.1:8000:80", "9000:80");
    await serve(web, 80);
    expect(call("host", "127.0.0.1", 8000)).toBe(web.gateway);
    expect(call(attacker, ours, 8000)).toBeUndefined();
    aimAtLoopback(attacker, ours, "wire");
    expect(call(attacker, "127.0.0.1", 8000)).toBeUndefined();
    expect(call(attacker, "127.0.0.1", 9000)).toBeUndefined();
  },
);

test.skipIf(rootMissing)(
  "R28 a container cannot reach the host's loopback services through the bridge (CVE-2020-8558)",
  async () => {
    const { container } = await engine(scope);
    // Publishing switches route_localnet on for the bridge: this is the door.
    const web = await container("web", "127.0.0.1:8000:80");
    const attacker = await container("attacker");
    const host = scope.use(thisNetwork());
    await Promise.all([serve(host, 7000), serve(web, 80)]);
    expect(call("host", "127.0.0.1", 7000)).toBe("127.0.0.1");
    aimAtLoopback(attacker, attacker.gateway, "eth0");
    expect(call(attacker, "127.0.0.1", 7000)).toBeUndefined();
    expect(call(attacker, "127.0.0.1", 8000)).toBeUndefined();
  },
);

test.skipIf(rootMissing)("R28 a container cannot pass for the host's loopback", async () => {
  const { container } = await engine(scope);
  const web = await container("web", "127.0.0.1:8000:80");
  const attacker = await container("attacker");
  await serve(web, 80, "udp");
  attacker.run("ip", "address", "add", "127.0.0.9/32", "dev", "eth0");
  const spoof = `const s = require("dgram").createSocket("udp4");
    s.bind({ address: "127.0.0.9" }, () => s.send("spoofed", 5555, "${attacker.gateway}", () => process.exit(0)))`;
  const heard: string[] = [];
  const socket = await Bun.udpSocket({
    hostname: "0.0.0.0",
    port: 5555,
    socket: { data: (_s, data, _port, address) => void heard.push(`${data} from ${address}`) },
  });
  scope.defer(() => socket.close());
  attacker.attempt("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet");
  attacker.attempt(process.execPath, "-e", spoof);
  await Bun.sleep(50);
  expect(heard).toEqual([]);
  attacker.attempt(process.execPath, "-e", spoof.replace("127.0.0.9", attacker.address));
  for (let tries = 0; heard.length === 0 && tries < 100; tries++) await Bun.sleep(10);
  expect(heard).toEqual([`spoofed from ${attacker.address}`]);
});

test.skipIf(rootMissing)(
  "R28 route_localnet is switched on for our bridge only, and only once something is published",
  async () => {
    const { networks, container } = await engine(scope);
    await neighbour(scope, ours, "198.51.100.66");
    const { interface: bridge } = await networks.ensureDefault();
    const open = () =>
      readdirSync("/proc/sys/net/ipv4/conf").filter(
        (name) => readFileSync(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, "utf8") === "1\n",
      );
    await container("quiet");
    expect(open()).toEqual([]);
    await container("web", "127.0.0.1:8000:80");
    expect(open()).toEqual([bridge]);
  },
);
