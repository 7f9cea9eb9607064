import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { docker } from "../../bench/contenders/docker.ts";
import type { Engine } from "../../bench/contenders/engine.ts";
import { podman } from "../../bench/contenders/podman.ts";
import { libraryFolders } from "../../bench/programs.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, ownHost, within } from "../support/host.ts";
import { toolRoot } from "../support/tools.ts";
import { busyboxMissing, busyboxTar, loadBusybox } from "./busybox.ts";
import { type Peer, type PeerKind, peer, RUNTIME } from "./peer.ts";

const BIT = "0x40000000";

let scope: AsyncDisposableStack;
beforeEach(() => {
  scope = new AsyncDisposableStack();
});
afterEach(() => scope.disposeAsync(), 60_000);

/** Prints which ports answer, of those that a container here could have open and those that may be published. */
const scan = (address: string) => `
  const ports = [...Array.from({ length: 128 }, (_, n) => n + 1), 8000, 8001, 9000, 9001];
  const tried = ports.map((port) => new Promise((done) => {
    const s = require("net").connect(port, "${address}", () => { s.destroy(); done([port]); });
    s.setTimeout(2000, () => { s.destroy(); done([]); });
    s.on("error", () => done([]));
  }));
  Promise.all(tried).then((found) => { console.log(JSON.stringify(found.flat())); process.exit(0); });`;

/** Two ports, of which 80 is published. */
const serving = ["busybox", "sh", "-c", "busybox httpd -p 22 -h /; exec busybox httpd -f -p 80 -h /"];
const listener = `require("net").createServer((s) => s.end()).listen(81, "0.0.0.0", () => console.log("up"))`;

/** A peer in a network of its own, and an outsider behind its default route who serves port 81. */
async function setting(kind: PeerKind): Promise<{ them: Peer; host: Host; outside: Host }> {
  let started: Engine | undefined;
  const start = async (folder: string) => {
    started = await kind.start(folder);
    return started;
  };
  const them = scope.use(await peer({ ...kind, start }));
  for (let tries = 0; (await them("ps")).code !== 0; tries++) {
    if (tries > 100) throw new Error("the peer does not answer");
    await Bun.sleep(100);
  }
  const archive = join(them.path, "busybox.tar");
  writeFileSync(archive, busyboxTar());
  expect((await them("import", archive, "busybox")).code).toBe(0);
  const host = within((started?.enter ?? []).filter((word) => word !== "--mount"));
  const outside = scope.use(await ownHost());
  const wire = ["link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", String(outside.pid)];
  expect((await host.run("ip", wire)).stderr).toBe("");
  const ends = [
    [host, "198.51.100.1", "198.51.100.2"],
    [outside, "198.51.100.2", "198.51.100.1"],
  ] as const;
  for (const [where, own, other] of ends)
    for (const words of [
      `address add ${own}/24 dev wire`,
      "link set wire up",
      `route add default via ${other}`,
    ])
      expect((await where.run("ip", words.split(" "))).stderr).toBe("");
  const server = outside.spawn(process.execPath, ["-e", listener]);
  scope.defer(() => void server.kill("SIGKILL"));
  return { them, host, outside };
}

const open = async (from: Host, address: string): Promise<number[]> =>
  JSON.parse((await from.run(process.execPath, ["-e", scan(address)])).stdout);

type Command = (...words: string[]) => Promise<{ readonly stdout: string }>;

/** The network of a container, and its address there. */
async function containerOf(engine: Command, name: string): Promise<{ inside: Host; address: string }> {
  const { stdout } = await engine("inspect", "-f", "{{.State.Pid}}", name);
  const inside = within(["nsenter", "--target", stdout.trim(), "--net"]);
  const shown = await inside.run("ip", ["-4", "address", "show", "dev", "eth0"]);
  return { inside, address: /inet ([\d.]+)/.exec(shown.stdout)?.[1] ?? "" };
}

/** Everyone looks at everyone's own address. */
async function scans(them: Peer, us: TestEngine, outside: Host) {
  const [theirs, ours, lone] = await Promise.all([
    containerOf(them, "theirs"),
    containerOf(us.inro, "ours"),
    containerOf(us.inro, "lone"),
  ]);
  const [outsideToOurs, theirsToOurs, loneToOurs, oursToTheirs, outsideToTheirs] = await Promise.all([
    open(outside, ours.address),
    open(theirs.inside, ours.address),
    open(lone.inside, ours.address),
    open(ours.inside, theirs.address),
    open(outside, theirs.address),
  ]);
  return { ours: { outsideToOurs, theirsToOurs, loneToOurs }, theirs: { oursToTheirs, outsideToTheirs } };
}
const CLOSED = { outsideToOurs: [], theirsToOurs: [], loneToOurs: [] };

/** A container that publishes its port 80 as 8000, and one in another network. */
async function containers(us: TestEngine): Promise<{ said: string }> {
  await loadBusybox(us);
  const created = await us.inro("network", "create", "apart");
  expect(created.code).toBe(0);
  const run = await us.inro("run", "-d", "--name", "ours", "-p", "8000:80", ...serving);
  expect(run.code).toBe(0);
  expect((await us.inro("run", "-d", "--name", "lone", "--network", "apart", ...serving)).code).toBe(0);
  return { said: `${created.stderr}${run.stderr}` };
}

/** What goes past the host: in to published ports, and out to the world. */
async function reach(us: TestEngine, outside: Host): Promise<{ in: number[]; out: number[] }> {
  const { inside } = await containerOf(us.inro, "ours");
  const [into, out] = await Promise.all([open(outside, "198.51.100.1"), open(inside, "198.51.100.2")]);
  return { in: into, out };
}

describe.skipIf(rootMissing || busyboxMissing || toolRoot("dockerd") === undefined)("beside dockerd", () => {
  const cgroups = `inro-test-firewall-${process.pid}`;
  const dockerd: PeerKind = {
    start: (folder) => docker(folder, ["--cgroup-parent", `/${cgroups}`]),
    takeAway: async (cli) => {
      const ids = (await cli("ps", "-aq")).stdout.split("\n").filter(Boolean);
      if (ids.length > 0) await cli("rm", "-f", ...ids);
    },
    cgroups,
  };
  const iptables = (host: Host, folder: string) => (line: string) => {
    const libraries = libraryFolders(toolRoot("dockerd") ?? "");
    const env = {
      LD_LIBRARY_PATH: libraries.join(":"),
      XTABLES_LIBDIR: libraries.map((library) => join(library, "xtables"))[0] ?? "",
    };
    return host.run(join(folder, "engine/bin/iptables"), line.split(" "), { env });
  };

  test("its policy is told with the command that helps; the command opens nothing but what we let pass", async () => {
    const { them, host, outside } = await setting(dockerd);
    const run = iptables(host, them.path);
    expect((await run("-S FORWARD")).stdout).toContain("-P FORWARD DROP");
    expect((await them("run", "-d", "--name", "theirs", "-p", "9000:80", ...serving)).code).toBe(0);
    const us = scope.use(await testEngine(host));
    const { said } = await containers(us);
    const remedy = `-I DOCKER-USER -m mark --mark ${BIT}/${BIT} -j ACCEPT`;
    expect(said.match(/chain FORWARD \(table ip filter, Docker's\) drops/g)).toHaveLength(2);
    expect(said).toContain(`Let it through with: iptables ${remedy} `);
    const info = await us.inro("info");
    expect(`${info.stdout}${info.stderr}`).toMatch(
      /Firewall Backend: nftables\n {2}Table: inro_\w+\n {2}Others drop[\s\S]*iptables -I/,
    );
    expect(await reach(us, outside)).toEqual({ in: [9000], out: [] });
    const before = await scans(them, us, outside);
    expect(before.ours).toEqual(CLOSED);
    // What Docker publishes it opens for all who come by this host.
    expect(before.theirs.oursToTheirs).toEqual([80]);
    expect((await run(remedy)).stderr).toBe("");
    expect(await reach(us, outside)).toEqual({ in: [8000, 9000], out: [81] });
    expect(await scans(them, us, outside)).toEqual(before);
    expect((await us.inro("run", "--rm", "-p", "8001:80", "busybox", "true")).stderr).toBe("");
  }, 180_000);

  test("--firewall-foreign=allow adds the one rule, in a form that iptables knows, and takes it away", async () => {
    const { them, host, outside } = await setting(dockerd);
    const run = iptables(host, them.path);
    const untouched = (await run("-S")).stdout;
    const us = await testEngine(host, "--firewall-foreign=allow");
    scope.defer(() => us[Symbol.asyncDispose]());
    expect((await containers(us)).said).toBe("");
    const { stdout, stderr } = await run("-S DOCKER-USER");
    const comment = /--comment "(inro_\w+: what this table lets pass)"/.exec(stdout)?.[1];
    expect([stdout, stderr]).toEqual([
      [
        "-N DOCKER-USER",
        `-A DOCKER-USER -m mark --mark ${BIT}/${BIT} -m comment --comment "${comment}" -j ACCEPT`,
        "-A DOCKER-USER -j RETURN",
        "",
      ].join("\n"),
      "",
    ]);
    // Docker goes on working on its tables, and its own containers are as closed as ever.
    expect((await them("run", "-d", "--name", "theirs", "-p", "9000:80", ...serving)).stderr).toBe("");
    expect(await reach(us, outside)).toEqual({ in: [8000, 9000], out: [81] });
    const found = await scans(them, us, outside);
    expect([found.ours, found.theirs.oursToTheirs]).toEqual([CLOSED, [80]]);
    // Its rules are flushed, as at a reload: the next start puts ours back.
    await run("-F DOCKER-USER");
    expect((await us.inro("run", "--rm", "busybox", "true")).code).toBe(0);
    expect(await reach(us, outside)).toEqual({ in: [8000, 9000], out: [81] });
    // The daemon dies and comes back: one rule.
    await us.kill();
    expect(await open(outside, "198.51.100.1")).toEqual([8000, 9000]);
    await us.serve();
    expect((await us.inro("run", "--rm", "busybox", "true")).code).toBe(0);
    expect((await run("-S DOCKER-USER")).stdout.match(/inro_/g)).toHaveLength(1);
    await us.inro("rm", "-f", "ours", "lone");
    await us[Symbol.asyncDispose]();
    await them("rm", "-f", "theirs");
    expect((await run("-S")).stdout).toBe(untouched.replace("-A DOCKER-USER -j RETURN\n", ""));
  }, 180_000);
});

describe.skipIf(rootMissing || busyboxMissing || toolRoot("podman") === undefined)("beside podman", () => {
  test("nobody is in the way, and neither opens what the other's containers have", async () => {
    const { them, host, outside } = await setting({
      start: (folder) => podman(folder, { name: "inro", program: RUNTIME, oneCgroupVersion: false }),
      takeAway: (cli) => cli("rm", "-f", "-a", "-t", "0"),
      cgroups: "libpod_parent",
    });
    expect((await them("run", "-d", "--name", "theirs", "-p", "9000:80", ...serving)).code).toBe(0);
    const us = scope.use(await testEngine(host));
    expect((await containers(us)).said).toBe("");
    expect((await us.inro("info")).stdout).toMatch(/Firewall Backend: nftables\n {2}Table: inro_\w+\n$/);
    expect(await reach(us, outside)).toEqual({ in: [8000, 9000], out: [81] });
    expect((await scans(them, us, outside)).ours).toEqual(CLOSED);
  }, 180_000);
});
