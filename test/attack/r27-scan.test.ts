import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { loadBusybox } from "../clients/busybox.ts";
import { engineMissing } from "../clients/docker.ts";
import { type Other, otherNetwork } from "../network/namespace.ts";
import { type TestEngine, testEngine } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tool } from "../support/tools.ts";

/** In the gate the lowest ports, where all are that listen; `INRO_PORTS=65535 npm test -- test/attack/r27-scan` scans every one. */
const LAST = Number(process.env["INRO_PORTS"] ?? 1100);

/** Every port takes minutes on a machine that has other things to do. */
const PATIENCE_MS = 1_200_000;

/** The containers, what each of them has open, and what of it is published. */
const containers = {
  web: {
    network: "front",
    listens: ["80/tcp", "81/tcp", "53/udp", "54/udp"],
    publishes: ["1080:80", "1053:53/udp"],
  },
  app: { network: "front", listens: ["82/tcp", "55/udp"], publishes: [] },
  db: { network: "back", listens: ["83/tcp"], publishes: ["127.0.0.1:1083:83"] },
  safe: { network: "inside", listens: ["84/tcp", "56/udp"], publishes: ["1084:84"] },
} as const;
type Name = keyof typeof containers;
const names = Object.keys(containers) as Name[];
const networks = ["front", "back", "inside"] as const;

/** The host's addresses outside, towards the two hosts that are there. */
const OUTSIDE = [
  ["198.51.100.1", "2001:db8:1::1"],
  ["203.0.113.1", "2001:db8:2::1"],
] as const;
const LOOPBACK = ["127.0.0.1", "::1"] as const;

describe.skipIf(engineMissing || Bun.which("cc") === null)(
  "R27 scanned from every side, nothing is open but what is published",
  () => {
    const scope = new AsyncDisposableStack();
    const servers = new Map<Name, ChildProcess>();
    let host: Awaited<ReturnType<typeof ownHost>>;
    let engine: TestEngine;
    let scanner: string;
    let others: readonly Other[];

    const ok = async (...words: string[]) => {
      const { code, stdout, stderr } = await engine.docker(...words);
      if (code !== 0) throw new Error(`docker ${words.join(" ")}: ${stderr}`);
      return stdout.trim();
    };
    const pidOf = (name: Name) => ok("inspect", "--format", "{{.State.Pid}}", name);
    const addressesOf = async (name: Name): Promise<string[]> => {
      const all = JSON.parse(await ok("inspect", name))[0].NetworkSettings.Networks;
      const { IPAddress, GlobalIPv6Address } = all[containers[name].network];
      return [IPAddress, GlobalIPv6Address];
    };
    const gatewaysOf = async (network: string): Promise<string[]> =>
      JSON.parse(await ok("network", "inspect", network))[0].IPAM.Config.map(
        ({ Gateway }: { Gateway: string }) => Gateway,
      );

    /** A program of the host's in a container's network: what listens there. */
    async function listen(name: Name): Promise<void> {
      servers.get(name)?.kill("SIGKILL");
      const words = ["--target", await pidOf(name), "--net", scanner, "serve", ...containers[name].listens];
      const server = spawn("nsenter", words, { stdio: ["ignore", "pipe", "inherit"] });
      servers.set(name, server);
      // Whoever is inside may try to get out, where no route leads.
      if (containers[name].network === "inside") {
        for (const gateway of await gatewaysOf("inside")) {
          const route = ["ip", "route", "replace", "default", "via", gateway];
          await host.run("nsenter", ["--target", await pidOf(name), "--net", ...route]);
        }
      }
      await once(server.stdout, "data");
    }

    async function scan(enter: readonly string[], addresses: readonly string[]): Promise<string[]> {
      const { code, stdout, stderr } = await host.run(
        "nsenter",
        [...enter, scanner, String(LAST), ...addresses],
        { timeout: PATIENCE_MS },
      );
      if (code !== 0) throw new Error(`scan: ${stderr || "it took too long"}`);
      return stdout.split("\n").filter((line) => line !== "");
    }

    /** What is open from each side, and what may be. */
    async function look(): Promise<{ open: Record<string, string[]>; expected: Record<string, string[]> }> {
      const address = Object.fromEntries(
        await Promise.all(names.map(async (name) => [name, await addressesOf(name)] as const)),
      ) as Record<Name, string[]>;
      const gateways = await Promise.all(networks.map(gatewaysOf));
      const hosts = [...OUTSIDE, ...gateways].flat();
      const targets = [...names.flatMap((name) => address[name]), ...hosts];
      const at = (place: string, ports: readonly string[]) => ports.map((port) => `${place} ${port}`);
      const inside = (...which: Name[]) =>
        which.flatMap((name) => address[name].flatMap((one) => at(one, containers[name].listens)));
      const published = hosts.flatMap((place) => at(place, ["1080/tcp", "1053/udp"]));
      const loopback = [
        ...at(LOOPBACK[0], ["1080/tcp", "1083/tcp", "1053/udp"]),
        ...at(LOOPBACK[1], ["1080/tcp", "1053/udp"]),
      ];
      const sides: Record<string, { enter: string[]; targets: string[]; open: string[] }> = {
        host: {
          enter: ["--target", String(host.pid), "--net"],
          targets: [...targets, ...LOOPBACK],
          open: [...inside(...names), ...published, ...loopback],
        },
      };
      for (const [index, other] of others.entries())
        sides[`outside ${index}`] = {
          enter: ["--target", String(other.pid), "--net"],
          targets,
          open: published,
        };
      // A container reaches its own network and, unless that is internal, what is published for the world.
      const neighbours: Record<Name, Name[]> = {
        web: ["web", "app"],
        app: ["web", "app"],
        db: ["db"],
        safe: ["safe"],
      };
      for (const name of names)
        sides[name] = {
          enter: ["--target", await pidOf(name), "--net"],
          targets,
          open: [...inside(...neighbours[name]), ...(containers[name].network === "inside" ? [] : published)],
        };
      const found = await Promise.all(
        Object.entries(sides).map(
          async ([side, { enter, targets }]) => [side, (await scan(enter, targets)).sort()] as const,
        ),
      );
      const expected = Object.entries(sides).map(([side, { open }]) => [side, open.sort()] as const);
      return { open: Object.fromEntries(found), expected: Object.fromEntries(expected) };
    }

    async function asPublished(): Promise<void> {
      const { open, expected } = await look();
      expect(open).toEqual(expected);
    }

    beforeAll(async () => {
      const folder = scope.use(temporaryFolder("scan"));
      scanner = join(folder.path, "scan");
      const source = join(import.meta.dir, "scan.c");
      const made = spawnSync(process.env["CC"] ?? "cc", ["-O2", "-o", scanner, source], { encoding: "utf8" });
      if (made.status !== 0) throw new Error(made.stderr);
      host = scope.use(await ownHost());
      const wires: Other[] = [];
      for (const [index, ours] of OUTSIDE.entries()) {
        const other = scope.use(await otherNetwork());
        const name = `wire${index}`;
        const pair = ["type", "veth", "peer", "name", "wire", "netns", String(other.pid)];
        for (const words of [
          ["link", "add", name, ...pair],
          ["address", "add", `${ours[0]}/24`, "dev", name],
          ["link", "set", name, "up"],
          // Link-local ones too: who forwards asks for neighbours with them, and their test for others takes a second.
          ...["fe80::1", ours[1]].map((six) => ["address", "add", `${six}/64`, "dev", name, "nodad"]),
        ])
          await host.run("ip", words);
        other.run("ip", "link", "set", "lo", "up");
        other.run("ip", "address", "add", ours[0].replace(/1$/, "2/24"), "dev", "wire");
        other.run("ip", "link", "set", "wire", "up");
        for (const six of ["fe80::2", ours[1].replace(/1$/, "2")])
          other.run("ip", "address", "add", `${six}/64`, "dev", "wire", "nodad");
        // Whoever is outside may try to route to whatever is behind us.
        for (const via of ours) other.run("ip", "route", "add", "default", "via", via);
        wires.push(other);
      }
      others = wires;
      engine = scope.use(await testEngine(host));
      scope.defer(() => {
        for (const server of servers.values()) server.kill("SIGKILL");
      });
      await loadBusybox(engine);
      for (const network of networks)
        await ok("network", "create", "--ipv6", ...(network === "inside" ? ["--internal"] : []), network);
      for (const name of names) {
        const { network, publishes } = containers[name];
        const ports = publishes.flatMap((port) => ["-p", port]);
        await ok("run", "-d", "--name", name, "--network", network, ...ports, "busybox", "sleep", "600");
        await listen(name);
      }
    }, 60_000);
    afterAll(() => scope.disposeAsync(), 60_000);

    test(`at first, ports 1 to ${LAST}`, () => asPublished(), PATIENCE_MS);

    test(
      "after the daemon was killed and is back",
      async () => {
        await engine.kill();
        await engine.serve();
        await asPublished();
      },
      PATIENCE_MS,
    );

    test(
      "after containers were restarted",
      async () => {
        for (const name of ["web", "db", "safe"] as const) {
          await ok("restart", "-t", "0", name);
          await listen(name);
        }
        await asPublished();
      },
      PATIENCE_MS,
    );

    test(
      "after containers left their networks and came back",
      async () => {
        for (const name of ["web", "app"] as const) {
          await ok("network", "disconnect", containers[name].network, name);
          await ok("network", "connect", containers[name].network, name);
        }
        await asPublished();
      },
      PATIENCE_MS,
    );

    const nft = tool("nft");
    test.skipIf(nft === undefined)(
      "beside a firewall that accepts all, and one that drops all but what the one rule lets through",
      async () => {
        const rules = async (...lines: string[]) => {
          for (const line of lines) expect((await host.run(nft ?? "", [line])).stderr).toBe("");
        };
        const chain = (policy: string) => `{ type filter hook forward priority 0; policy ${policy}; }`;
        await rules("add table ip filter", `add chain ip filter FORWARD ${chain("accept")}`);
        await asPublished();
        await rules(`add chain ip filter FORWARD ${chain("drop")}`);
        const warned = (await engine.inro("info")).stderr;
        const [remedy = ""] = /(?<=with: iptables -I FORWARD ).*(?= -j ACCEPT)/.exec(warned) ?? [];
        expect(remedy).toBe("-m mark --mark 0x40000000/0x40000000");
        await rules("insert rule ip filter FORWARD meta mark and 0x40000000 == 0x40000000 accept");
        await asPublished();
        await rules("delete table ip filter");
      },
      PATIENCE_MS,
    );
  },
);
