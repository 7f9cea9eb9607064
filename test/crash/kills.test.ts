import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { cgroupsOf, type Daemon, daemon, nativesOf } from "./daemon.ts";
import { soon } from "./killing.ts";

/** A short run in the gate; `INRO_KILLS=200 npm test -- test/crash/kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 12);

interface Listed {
  readonly Id: string;
  readonly State: string;
}

describe.skipIf(rootMissing || busyboxMissing)("the daemon is killed while it makes containers", () => {
  let d: Daemon;
  beforeAll(async () => {
    d = await daemon();
  }, 60_000);
  afterAll(async () => {
    await d?.[Symbol.asyncDispose]();
  }, 60_000);

  test(`nothing half made is left after ${KILLS} kills at random moments`, async () => {
    const seen = { created: 0, running: 0, gone: 0 };
    const window = await undisturbed(d);
    for (let n = 0; n < KILLS; n++) {
      const attempt = d.run({ Cmd: ["sleep", "600"], HostConfig: volumeAndPort(n) }).then(
        () => "answered",
        () => "lost",
      );
      await Bun.sleep((1.5 * window * ((n * 7919) % KILLS)) / KILLS);
      await d.end("SIGKILL");
      const answer = await attempt;
      await d.serve();
      const listed: Listed[] = JSON.parse(await d.ask("GET", "/containers/json?all=1"));
      expect(listed.length).toBeLessThanOrEqual(1);
      if (answer === "answered") expect(listed[0]?.State).toBe("running");
      seen[(listed[0]?.State ?? "gone") as keyof typeof seen]++;
      await settled(d, listed);
      for (const { Id, State } of listed) {
        // What was only made can be started: nothing of the lost start is in its way.
        if (State === "created") await d.ask("POST", `/containers/${Id}/start`);
        expect((await d.inspect(Id)).State.Status).toBe("running");
        await d.ask("DELETE", `/containers/${Id}?force=1&v=1`);
      }
      await settled(d, []);
    }
    console.log(`kills: ${KILLS}, found afterwards: ${JSON.stringify(seen)}`);
    expect(seen.gone).toBeLessThan(KILLS);
  }, 600_000);
});

/** Milliseconds that a create and a start take here and now, in a daemon that has just begun. */
async function undisturbed(d: Daemon): Promise<number> {
  await d.end("SIGKILL");
  await d.serve();
  const began = performance.now();
  await d.run({ Cmd: ["sleep", "600"], HostConfig: volumeAndPort(KILLS) });
  const window = performance.now() - began;
  const [made]: Listed[] = JSON.parse(await d.ask("GET", "/containers/json"));
  await d.ask("DELETE", `/containers/${made?.Id}?force=1&v=1`);
  return window;
}

const volumeAndPort = (n: number) => ({
  Binds: [],
  Mounts: [{ Type: "volume", Target: "/data" }],
  PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: String(21_000 + n) }] },
});

/** Folders, cgroups, processes, interfaces and volumes are those of the containers that are listed, and no others. */
async function settled(d: Daemon, listed: readonly Listed[]): Promise<void> {
  const running = listed.filter((container) => container.State === "running");
  const expected = {
    folders: listed.map((container) => container.Id).sort(),
    cgroups: running.map((container) => container.Id),
    monitors: running.length,
    interfaces: running.length,
    volumes: listed.length,
  };
  const found = async () => ({
    folders: readdirSync(join(d.dataRoot, "containers")).sort(),
    cgroups: [...new Set(cgroupsOf(d.dataRoot).map((path) => path.split("/").at(-1) ?? ""))].filter(
      (name) => name.length === 64,
    ),
    monitors: nativesOf(d.dataRoot).length,
    interfaces:
      (await d.host.run("cat", ["/proc/net/dev"])).stdout.match(/^\s*inro[0-9a-f]+:/gm)?.length ?? 0,
    volumes: readdirSync(join(d.dataRoot, "volumes")).length,
  });
  await soon(found, expected);
}
