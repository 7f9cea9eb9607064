import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { tool } from "../support/tools.ts";
import { cgroupsOf, type Daemon, daemon, findings, logOf } from "./daemon.ts";
import { soon } from "./killing.ts";
import { type Ledger, loadUntilKilled, newLedger, type Undertaking } from "./mixed-load.ts";

/** A short run in the gate; `INRO_KILLS=200 npm test -- test/crash/mixed-kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 6);
/** How long the load is borne at most, in milliseconds: each client has gone round once or twice by then. */
const WINDOW = 2_000;
const nft = tool("nft");

interface Listed {
  readonly Id: string;
  readonly Names: readonly [string];
  readonly State: string;
}

describe.skipIf(rootMissing || busyboxMissing || nft === undefined)(
  "the daemon is killed under a mixed load",
  () => {
    let d: Daemon;
    let keeper = "";
    beforeAll(async () => {
      d = await daemon();
      keeper = await d.run({ Cmd: ["sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done"] });
    }, 60_000);
    afterAll(async () => {
      await d?.[Symbol.asyncDispose]();
    }, 60_000);

    const list = async (): Promise<Listed[]> => JSON.parse(await d.ask("GET", "/containers/json?all=1"));

    test(
      `after each of ${KILLS} kills every container is what it should be, and nothing is left of the others`,
      async () => {
        let unique = 0;
        let lines = 0;
        let answers = 0;
        const seen: Record<string, number> = {};
        for (let n = 0; n < KILLS; n++) {
          const ledger = newLedger();
          let isKilled = false;
          const load = { d, ledger, keeper, unique: () => unique++ };
          const wrong = loadUntilKilled(load, () => isKilled);
          await Bun.sleep((WINDOW * (((n * 7919) % KILLS) + Math.random())) / KILLS);
          isKilled = true;
          await d.end("SIGKILL");
          expect(await wrong).toEqual([]);
          answers += ledger.answers;
          await d.serve();
          lines = await keptOn(lines);
          for (const one of ledger.containers) {
            const found = await asPromised(one);
            seen[found] = (seen[found] ?? 0) + 1;
          }
          for (const [id, code] of ledger.execs)
            expect(JSON.parse(await d.ask("GET", `/exec/${id}/json`))).toMatchObject({
              Running: false,
              ExitCode: code,
            });
          await agreed();
          await clearAway(ledger);
          await agreed();
          expect(await findings(d)).toEqual([]);
        }
        console.log(
          `kills: ${KILLS}, answers before them: ${answers}, found afterwards: ${JSON.stringify(seen)}`,
        );
        expect(Object.keys(seen).length).toBeGreaterThan(1);
      },
      60_000 + KILLS * 15_000,
    );

    test("no record of anything is left", async () => {
      await d.ask("DELETE", `/containers/${keeper}?force=1`);
      await d.end("SIGTERM");
      const database = new Database(join(d.dataRoot, "inro.db"));
      const tables = ["containers", "execs", "volumes", "networks"];
      const rows = tables.map((table) => database.query(`SELECT * FROM ${table}`).all().length);
      database.close();
      expect(rows).toEqual([0, 0, 0, 0]);
    }, 60_000);

    /** The one that nobody touches has run on and lost no line; answers how many it has written. */
    async function keptOn(before: number): Promise<number> {
      expect((await d.inspect(keeper)).State.Status).toBe("running");
      const lines = (await logOf(d, keeper)).trimEnd().split("\n");
      expect(lines).toEqual(lines.map((_, n) => String(n)));
      expect(lines.length).toBeGreaterThan(before);
      return lines.length;
    }

    /** One that a client was told of is what it was told; whichever is there can be brought to its end. Answers what was found. */
    async function asPromised(one: Undertaking): Promise<string> {
      const found = (await list()).find(({ Names }) => Names[0] === `/${one.name}`);
      if (found === undefined) {
        expect([one.name, one.told === "nothing" || one.leaving]).toEqual([one.name, true]);
        return "gone";
      }
      expect(one.told).not.toBe("removed");
      let { output } = one;
      if (found.State === "created") {
        expect(["nothing", "created"]).toContain(one.told);
        // Of a start that was never answered nothing goes on; what it said by then was said.
        const said = await logOf(d, found.Id);
        expect(output).toStartWith(said);
        output = said + output;
        await d.ask("POST", `/containers/${found.Id}/start`);
      } else expect(one.told).not.toBe("nothing");
      if (!one.ends) {
        const ready = async () => (await logOf(d, found.Id)) === output;
        await soon(ready, true);
        if (one.volume !== null) expect(fileIn(one.volume)).toBe(`${one.name}\n`);
        // Where its client had not come to that.
        if ((await d.inspect(found.Id)).State.Status === "running")
          await d.ask("POST", `/containers/${found.Id}/${one.code === 137 ? "kill" : "stop"}`);
      }
      if (await isRemovedAtItsEnd(found.Id)) return `${found.State}, gone with its end`;
      expect(JSON.parse(await d.ask("POST", `/containers/${found.Id}/wait`)).StatusCode).toBe(one.code);
      const { State } = await d.inspect(found.Id);
      expect(State).toMatchObject({ Status: "exited", ExitCode: one.code, Error: "" });
      expect(await logOf(d, found.Id)).toBe(output);
      return found.State;
    }

    async function isRemovedAtItsEnd(id: string): Promise<boolean> {
      const about = await d.ask("GET", `/containers/${id}/json`).catch(() => undefined);
      if (about !== undefined && !JSON.parse(about).HostConfig.AutoRemove) return false;
      await soon(async () => (await list()).some(({ Id }) => Id === id), false);
      return true;
    }

    const fileIn = (volume: string) =>
      readFileSync(join(d.dataRoot, "volumes", volume, "_data/file"), "utf8");

    /** Networks and volumes are those that were made, and all goes that the clients did not get to. */
    async function clearAway({ containers, networks, volumes }: Ledger): Promise<void> {
      const made = new Set(containers.map(({ name }) => `/${name}`));
      for (const { Id, Names } of await list())
        if (made.has(Names[0])) await d.ask("DELETE", `/containers/${Id}?force=1&v=1`);
      const there = {
        networks: (await networksMade()).map(({ Name }) => Name),
        volumes: JSON.parse(await d.ask("GET", "/volumes")).Volumes.map(({ Name }: { Name: string }) => Name),
      };
      for (const [kind, ledger] of [
        ["networks", networks],
        ["volumes", volumes],
      ] as const) {
        for (const [name, told] of ledger) {
          if (told === "made") expect(there[kind]).toContain(name);
          if (told === "gone") expect(there[kind]).not.toContain(name);
        }
        for (const name of there[kind]) await d.ask("DELETE", `/${kind}/${name}`);
      }
    }

    const networksMade = async (): Promise<{ Id: string; Name: string }[]> =>
      JSON.parse(await d.ask("GET", '/networks?filters={"type":["custom"]}'));

    /** What the kernel and the disk have is what is told, and nothing else. */
    async function agreed(): Promise<void> {
      const told = async () => {
        const all = await list();
        const running = all.filter(({ State }) => State === "running");
        const ids = running.map(({ Id }) => Id).sort();
        const inspected = await Promise.all(running.map(({ Id }) => d.ask("GET", `/containers/${Id}/json`)));
        const { ports, ends } = summed(inspected.map((text) => JSON.parse(text)));
        const networks = await networksMade();
        const volumes = JSON.parse(await d.ask("GET", "/volumes")).Volumes;
        return {
          folders: all.map(({ Id }) => Id).sort(),
          cgroups: ids,
          sockets: ids,
          monitors: running.length,
          ends,
          bridges: networks.map(({ Id }) => `br-${Id.slice(0, 12)}`).sort(),
          elements: ports,
          listening: ports,
          volumes: volumes.map(({ Name }: { Name: string }) => Name).sort(),
          trash: [],
          ingest: [],
          mounts: 0,
        };
      };
      const expected = await told();
      const run = async (program: string, ...words: string[]) => (await d.host.run(program, words)).stdout;
      const found = async () => {
        const links = await run("ip", "-o", "link");
        const ruleset = await run(nft ?? "", "list", "ruleset");
        return {
          folders: readdirSync(join(d.dataRoot, "containers")).sort(),
          cgroups: unique(cgroupsOf(d.dataRoot).map((path) => path.split("/").at(-1) ?? "")).filter(
            (name) => name.length === 64,
          ),
          sockets: readdirSync(join(d.execRoot, "containers"))
            .filter((id) => readdirSync(join(d.execRoot, "containers", id)).includes("monitor.sock"))
            .sort(),
          monitors: strangers().length,
          ends: (links.match(/^\d+: inro[0-9a-f]+[@:]/gm) ?? []).length,
          bridges: unique(links.match(/br-[0-9a-f]{12}(?=:)/g) ?? []),
          elements: numbers(ruleset.match(/(?<=\. )\d+(?= : )/g) ?? []),
          listening: numbers(
            (await run("cat", "/proc/net/tcp")).match(/(?<=^ *\d+: 00000000:)[0-9A-F]{4}(?= \S+ 0A)/gm) ?? [],
            16,
          ),
          volumes: readdirSync(join(d.dataRoot, "volumes")).sort(),
          trash: readdirSync(join(d.dataRoot, "trash")),
          ingest: readdirSync(join(d.dataRoot, "ingest")),
          mounts: readFileSync("/proc/self/mountinfo", "utf8").split(d.dataRoot).length - 1,
        };
      };
      await soon(found, expected);
    }

    /** Processes in the daemon's network that are neither it, nor its children, nor who holds that network: the monitors. */
    function strangers(): number[] {
      const network = readlinkSync(`/proc/${d.pid}/ns/net`);
      return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter(
          (pid) =>
            networkOf(pid) === network && pid !== d.pid && pid !== d.host.pid && parentOf(pid) !== d.pid,
        );
    }
  },
);

interface About {
  readonly NetworkSettings: {
    readonly Networks: object;
    readonly Ports: Readonly<
      Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
    >;
  };
  readonly HostConfig: { readonly NetworkMode: string };
}

const summed = (all: readonly About[]) => ({
  ports: all
    .flatMap(({ NetworkSettings }) => Object.values(NetworkSettings.Ports).flatMap((each) => each ?? []))
    .filter(({ HostIp }) => HostIp === "0.0.0.0")
    .map(({ HostPort }) => Number(HostPort))
    .sort((a, b) => a - b),
  ends: all.filter(({ HostConfig }) => HostConfig.NetworkMode !== "none").length,
});

const unique = (found: readonly string[]) => [...new Set(found)].sort();
const numbers = (found: readonly string[], base = 10) =>
  unique(found)
    .map((each) => Number.parseInt(each, base))
    .sort((a, b) => a - b);

function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return "";
  }
}

function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
  } catch {
    return 0;
  }
}
