import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { libraryFolders } from "../../bench/programs.ts";
import { nameBytes } from "../../src/kernel/nftables/values.ts";
import { passes } from "../../src/network/foreign/judge.ts";
import { readRuleset } from "../../src/network/foreign/look.ts";
import type { Packet } from "../../src/network/foreign/packet.ts";
import type { ForeignPolicy } from "../../src/network/foreign/policy.ts";
import { rootMissing } from "../support/engine.ts";
import { tool, toolRoot } from "../support/tools.ts";
import { executorIn } from "./execute.ts";
import { command, type Other, otherNetwork, ownNetwork } from "./namespace.ts";
import { engine, type Joined, neighbour } from "./setting.ts";
import { call, serve } from "./talk.ts";

const nft = tool("nft") ?? "nft";
const missing = rootMissing || tool("nft") === undefined;

let scope: DisposableStack;
beforeEach(() => {
  scope = new DisposableStack();
  if (!rootMissing) scope.use(ownNetwork());
});
afterEach(() => scope.dispose());

const rules = (text: string) => {
  for (const line of text.trim().split("\n")) command(nft, line.trim());
};
const forward = (policy: string, family = "ip", table = "filter", chain = "FORWARD") => `
  add table ${family} ${table}
  add chain ${family} ${table} ${chain} { type filter hook forward priority 0; policy ${policy}; }`;

const FILTERED = "/proc/sys/net/bridge/bridge-nf-call-iptables";
const BIT = "0x40000000";

/**
 * Packets go both ways past the host, or neither: a container's outwards, and an outsider's to a published port. A busy
 * machine may need more than one attempt.
 */
function expectWay(web: Joined, outside: Other, isOpen: boolean): void {
  const attempts = isOpen ? 8 : 1;
  const goes = (from: Other, address: string, port: number) =>
    Array.from({ length: attempts }).some(() => call(from, address, port) !== undefined);
  const found = { out: goes(web, "198.51.100.2", 81), in: goes(outside, "198.51.100.1", 8000) };
  expect(found).toEqual({ out: isOpen, in: isOpen });
}

async function setting(foreignFirewalls: ForeignPolicy = "tell") {
  const one = await engine(scope, { foreignFirewalls });
  const outside = await neighbour(scope, "198.51.100.1", "198.51.100.2");
  command("ip", "route", "add", "default", "via", "198.51.100.2");
  const web = await one.container("web", "8000:80");
  await Promise.all([serve(web, 80), serve(web, 22), serve(outside, 81)]);
  return { one, outside, web };
}

/** Chains of others, whether they drop, and where a rule belongs. */
const cases: readonly (readonly [string, string, string | null])[] = [
  ["FORWARD with the policy accept", forward("accept"), null],
  [
    "FORWARD with the policy drop",
    forward("drop"),
    `iptables -I FORWARD -m mark --mark ${BIT}/${BIT} -j ACCEPT`,
  ],
  [
    "a last rule that drops",
    `${forward("accept", "inet", "mine", "through")}
     add rule inet mine through ct state established,related accept
     add rule inet mine through drop`,
    `nft insert rule inet mine through meta mark and ${BIT} == ${BIT} accept`,
  ],
  [
    "a last rule that rejects, behind jumps",
    `${forward("accept", "inet", "firewalld", "filter_FORWARD")}
     add chain inet firewalld policies
     add chain inet firewalld end
     add rule inet firewalld policies iifname "docker0" accept
     add rule inet firewalld policies return
     add rule inet firewalld policies accept
     add rule inet firewalld end reject with icmpx admin-prohibited
     add rule inet firewalld filter_FORWARD jump policies
     add rule inet firewalld filter_FORWARD goto end`,
    `nft insert rule inet firewalld filter_FORWARD meta mark and ${BIT} == ${BIT} accept`,
  ],
  [
    "rules about others only",
    `${forward("accept")}
     add rule ip filter FORWARD ip saddr 203.0.113.0/24 drop
     add rule ip filter FORWARD iifname "docker0" drop
     add rule ip filter FORWARD tcp dport 25 reject
     add rule ip filter FORWARD ct state invalid drop`,
    null,
  ],
  [
    "the policy drop, and all that containers need accepted by address",
    `${forward("drop")}
     add rule ip filter FORWARD ip saddr 10.128.0.0/9 accept
     add rule ip filter FORWARD ip daddr 10.128.0.0/9 counter accept`,
    null,
  ],
  [
    "the policy drop, and all that containers need accepted by state",
    `${forward("drop")}
     add rule ip filter FORWARD ct state established,related accept
     add rule ip filter FORWARD ct status dnat accept
     add rule ip filter FORWARD iifname != "docker0" oifname != "docker0" accept`,
    null,
  ],
  [
    "a chain that translates, or hangs elsewhere",
    `
     add table ip filter
     add chain ip filter INPUT { type filter hook input priority 0; policy drop; }
     add rule ip filter INPUT iifname "lo" accept
     add rule ip filter INPUT ct state established,related accept`,
    null,
  ],
];

describe.skipIf(missing)("other firewalls", () => {
  test.each(cases)(
    "%s: said if and only if packets are dropped; the rule that is named lets them through",
    async (_, text, remedy) => {
      rules(text);
      const { one, outside, web } = await setting();
      const said = await one.networks.foreignWarnings(["bridge"]);
      expect(said).toEqual(remedy === null ? [] : [expect.stringContaining(remedy)]);
      expectWay(web, outside, remedy === null);
      if (remedy === null) return;
      const [program = "", ...words] = remedy.split(" ");
      // iptables itself is tried where Docker runs; what it would do, nft says too.
      if (program === "nft") command(nft, words.join(" "));
      else command(nft, `insert rule ip filter FORWARD meta mark and ${BIT} == ${BIT} accept`);
      expect(await one.networks.foreignWarnings(["bridge"])).toEqual([]);
      expectWay(web, outside, true);
      // What our own table closes is closed.
      outside.run("ip", "route", "replace", `${web.address}/32`, "via", "198.51.100.1");
      expect(call(outside, web.address, 22)).toBeUndefined();
      expect(call(outside, web.address, 80)).toBeUndefined();
    },
  );

  test("with allow the rule is there before the first packet, put back after a reload, and taken away with the engine", async () => {
    rules(forward("drop"));
    const before = command(nft, "list", "ruleset");
    const { one, outside, web } = await setting("allow");
    expectWay(web, outside, true);
    expect(one.told).toContainEqual(
      expect.stringContaining("a rule in the chain FORWARD of table ip filter"),
    );
    rules("flush chain ip filter FORWARD");
    expectWay(web, outside, false);
    await Promise.all([one.container("next"), one.container("another")]);
    expectWay(web, outside, true);
    expect(command(nft, "list", "chain", "ip", "filter", "FORWARD").match(/accept/g)).toHaveLength(1);
    // Somebody puts a rule before ours: ours goes first again.
    rules("insert rule ip filter FORWARD drop");
    await one.container("third");
    expectWay(web, outside, true);
    rules("flush chain ip filter FORWARD");
    await one.container("fourth");
    expect(existsSync(join(one.root, "foreign-rule"))).toBe(true);
    // Killed, and switched off: the next engine finds it by its comment.
    rules('insert rule ip filter FORWARD meta mark 7 accept comment "another: what this table lets pass"');
    await engine(scope, { root: one.root, foreignFirewalls: "tell" });
    expect(command(nft, "list", "chain", "ip", "filter", "FORWARD").match(/accept/g)).toHaveLength(1);
    rules("flush chain ip filter FORWARD");
    expect(command(nft, "list", "table", "ip", "filter")).toBe(
      /table ip filter \{[\s\S]*?\n\}\n/.exec(before)?.[0] ?? "",
    );
    expect(existsSync(join(one.root, "foreign-rule"))).toBe(false);
  });

  test("an engine without containers leaves no rule when it ends", async () => {
    rules(forward("drop", "inet", "mine", "through"));
    const before = command(nft, "list", "ruleset");
    const one = await engine(scope, { foreignFirewalls: "allow" });
    await one.networks.ensureDefault();
    expect(command(nft, "list", "ruleset")).toContain("what this table lets pass");
    await one.networks.close();
    expect(command(nft, "list", "ruleset")).toBe(before);
  });

  test("what is let through to the world is not let through to networks of others on this host", async () => {
    rules(forward("drop"));
    const machine = scope.use(await otherNetwork());
    command("ip", "link", "add", "virbr9", "type", "bridge");
    command("ip", "address", "add", "203.0.113.1/24", "dev", "virbr9");
    command("ip", "link", "set", "virbr9", "up");
    command(
      "ip",
      "link",
      "add",
      "tap9",
      "master",
      "virbr9",
      "up",
      "type",
      "veth",
      "peer",
      "eth0",
      "netns",
      `${machine.pid}`,
    );
    machine.run("ip", "address", "add", "203.0.113.2/24", "dev", "eth0");
    machine.run("ip", "link", "set", "eth0", "up");
    machine.run("ip", "route", "add", "default", "via", "203.0.113.1");
    await serve(machine, 80);
    const { outside, web } = await setting("allow");
    expectWay(web, outside, true);
    expect(call("host", "203.0.113.2", 80)).toBe("203.0.113.1");
    expect(call(web, "203.0.113.2", 80)).toBeUndefined();
    // A mark of the container's own does not leave its network.
    const marked = `import socket
s = socket.socket(); s.settimeout(1); s.setsockopt(socket.SOL_SOCKET, 36, 0x40000000)
s.connect(("203.0.113.2", 80))`;
    expect(web.attempt("python3", "-c", marked)).toMatchObject({
      ok: false,
      output: expect.stringMatching(/timed? ?out/),
    });
    expect(call(machine, web.address, 80)).toBeUndefined();
    // A published port is open to it, and answered.
    expect(call(machine, "203.0.113.1", 8000)).toBe("203.0.113.2");
  });

  test.skipIf(!existsSync(FILTERED))(
    "where frames of a bridge are judged too, those of one network are told of, and let through",
    async () => {
      writeFileSync(FILTERED, "1");
      rules(`${forward("drop")}
        add rule ip filter FORWARD ct state established accept`);
      const one = await engine(scope);
      const [web, other] = [await one.container("web"), await one.container("other")];
      await serve(web, 80);
      expect(await one.networks.foreignWarnings(["bridge"])).toEqual([
        expect.stringContaining(
          "drops what containers send each other, and what comes to published ports in",
        ),
      ]);
      expect(call(other, web.address, 80)).toBeUndefined();
      command(nft, `insert rule ip filter FORWARD meta mark and ${BIT} == ${BIT} accept`);
      expect(call(other, web.address, 80)).toBe(other.address);
    },
  );

  const legacyMissing = toolRoot("dockerd") === undefined || !existsSync("/proc/net/ip_tables_names");
  /** Debian's own iptables that works on the old tables. */
  const old = (program: "iptables" | "ip6tables", line: string) => {
    const root = toolRoot("dockerd") ?? "";
    const libraries = libraryFolders(root);
    const env = {
      ...process.env,
      LD_LIBRARY_PATH: libraries.join(":"),
      XTABLES_LIBDIR: libraries.map((library) => join(library, "xtables")).find(existsSync),
    };
    const multi = join(root, "usr/sbin/xtables-legacy-multi");
    const done = spawnSync(multi, [program, ...line.split(" ")], { env, encoding: "utf8" });
    expect(done.stderr).toBe("");
  };

  test.skipIf(legacyMissing)(
    "the old ip6tables is read: addresses, interfaces, jumps and verdicts",
    async () => {
      const executor = scope.use(executorIn("here"));
      const packet: Packet = {
        ...{ family: "ip6", in: nameBytes("br-six"), out: nameBytes("eth0") },
        ...{ state: 8, status: 0, mark: 0 },
        source: Uint8Array.of(0xfd, ...new Uint8Array(15)),
        destination: null,
      };
      const judged = async () => {
        const ruleset = await readRuleset(executor);
        const base = ruleset.chains.find(({ hook }) => hook !== null);
        return base === undefined ? undefined : passes(base, ruleset, packet);
      };
      expect(await judged()).toBeUndefined();
      const lines: readonly (readonly [string, boolean])[] = [
        ["-P FORWARD DROP", false],
        ["-N OTHERS", false],
        ["-A OTHERS -i br-+ -o docker0 -j ACCEPT", false],
        ["-A FORWARD -j OTHERS", false],
        ["-A FORWARD ! -s fc00::/7 -j ACCEPT", false],
        ["-A FORWARD -p tcp -j ACCEPT", false],
        ["-A OTHERS -s fd00::/8 -i br-+ ! -o docker0 -j ACCEPT", true],
        ["-I FORWARD -g OTHERS", true],
        ["-I OTHERS -d 2001:db8::/32 -j DROP", true],
        ["-I OTHERS -o eth0 -j REJECT", false],
      ];
      for (const [line, open] of lines) {
        old("ip6tables", line);
        expect([line, await judged()]).toEqual([line, open]);
      }
    },
  );

  test.skipIf(legacyMissing)(
    "the old iptables beside nftables is read too, and left to its owner",
    async () => {
      const iptables = (line: string) => old("iptables", line);
      if (existsSync(FILTERED)) writeFileSync(FILTERED, "0");
      const { one, outside, web } = await setting();
      const said = () => one.networks.foreignWarnings(["bridge"]);
      expect(await said()).toEqual([]);
      iptables("-P FORWARD ACCEPT");
      expect(await said()).toEqual([]);
      iptables("-P FORWARD DROP");
      iptables("-N DOCKER-USER");
      iptables("-A DOCKER-USER -j RETURN");
      iptables("-A FORWARD -j DOCKER-USER");
      iptables("-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
      iptables("-A FORWARD -i docker0 ! -o docker0 -j ACCEPT");
      iptables("-A FORWARD -p tcp --dport 80 -s 203.0.113.0/24 -j ACCEPT");
      const remedy = `iptables-legacy -I DOCKER-USER -m mark --mark ${BIT}/${BIT} -j ACCEPT`;
      expect(await said()).toEqual([
        expect.stringMatching(
          new RegExp(`FORWARD \\(table ip filter of iptables-legacy, Docker's\\) drops .*with: ${remedy}$`),
        ),
      ]);
      expectWay(web, outside, false);
      iptables("-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
      iptables("-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT");
      expect(await said()).toEqual([expect.stringContaining("drops what containers send in")]);
      iptables(`-A FORWARD -i ${(await one.networks.ensureDefault()).interface} -j ACCEPT`);
      expect(await said()).toEqual([]);
      expectWay(web, outside, true);
      iptables("-F FORWARD");
      iptables("-A FORWARD -j DOCKER-USER");
      iptables(remedy.replace("iptables-legacy ", ""));
      expect(await said()).toEqual([]);
      expectWay(web, outside, true);
      iptables("-F DOCKER-USER");
      const allowed = await engine(scope, { root: one.root, foreignFirewalls: "allow" });
      await allowed.networks.ensureDefault();
      expect(allowed.told).toContainEqual(expect.stringContaining(`add it with: ${remedy}`));
      expectWay(web, outside, false);
    },
  );
});
