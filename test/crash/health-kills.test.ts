import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { crash, soon } from "./killing.ts";

interface Told {
  readonly ExecIDs: readonly string[] | null;
  readonly State: { readonly Health: { readonly Status: string; readonly Log: readonly unknown[] } };
}

const MS = 1_000_000;

describe.skipIf(rootMissing || busyboxMissing)("health checks and the daemon's end", () => {
  // Well at first; from its second look on it hangs.
  const check = "rm /first 2> /dev/null && exit 0; sleep 7100 & wait";
  const c = crash({
    Cmd: ["sh", "-c", "> /first; exec sleep 7200"],
    Healthcheck: { Test: ["CMD-SHELL", check], Interval: 30 * MS, Timeout: 3_600_000 * MS },
  });
  const told = async () => (await c.d.inspect(c.container)) as unknown as Told;
  const probes = async () => {
    const { Processes } = JSON.parse(await c.d.ask("GET", `/containers/${c.container}/top`));
    return (Processes as string[][]).filter((row) => row.at(-1) === "sleep 7100").length;
  };
  /** What is being ended is there for a moment more. */
  const atMostOne = (count: () => Promise<number>) => soon(async () => (await count()) <= 1, true);
  const kills = Number(process.env["INRO_KILLS"] ?? 12);

  test(`after ${kills} kills at random moments it is what it was, and no probe of a former daemon is left`, async () => {
    while ((await told()).State.Health.Log.length === 0) await Bun.sleep(10);
    for (let n = 0; n < kills; n++) {
      await Bun.sleep((100 * ((n * 7919) % kills)) / kills);
      await c.d.end("SIGKILL");
      await c.d.serve();
      const { State, ExecIDs } = await told();
      expect(State.Health).toMatchObject({ Status: "healthy", Log: { length: 1 } });
      expect(ExecIDs?.length ?? 0).toBeLessThanOrEqual(1);
      await atMostOne(probes);
    }
    while ((await probes()) === 0) await Bun.sleep(10);
    // Nothing of them stays on the disk, but for the one that looks now.
    await c.d.end("SIGKILL");
    await c.d.serve();
    const folder = join(c.d.dataRoot, "containers", c.container, "exec");
    await atMostOne(async () => readdirSync(folder).length);
  }, 120_000);
});
