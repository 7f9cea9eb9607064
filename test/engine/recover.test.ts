import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../../src/engine/engine.ts";
import { DEFAULT_RESOURCES } from "../../src/engine/options.ts";
import { openLocalEngine } from "../../src/main/open.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { busyboxArchive, busyboxMissing } from "./busybox.ts";
import { one } from "./opened.ts";
import { options } from "./sample.ts";

/** What the database says of a container is changed as another history would have left it. */
function rewrite(root: string, id: string, change: Record<string, unknown>): void {
  const database = new Database(join(root, "inro.db"));
  const row = database.query("SELECT fortune FROM containers WHERE id = ?").get(id) as { fortune: string };
  const fortune = JSON.stringify({ ...JSON.parse(row.fortune), ...change });
  database.query("UPDATE containers SET fortune = ? WHERE id = ?").run(fortune, id);
  database.close();
}

async function withEngine<T>(root: string, use: (engine: Engine) => Promise<T>): Promise<T> {
  const execRoot = join(root, "run");
  const engine = await openLocalEngine({ root, execRoot, onFault: (fault) => expect(fault).toBe("") });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

const MIB = 1024 * 1024;

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    expect(tries).toBeLessThan(400);
    await Bun.sleep(25);
  }
}

const none = { network: { kind: "none" } } as const;

describe.skipIf(rootMissing || busyboxMissing)("what an engine finds when it opens", () => {
  test("after a reboot: what ran has ended, and can be started again", async () => {
    using folder = temporaryFolder("engine");
    const root = folder.path;
    const id = await withEngine(root, async (engine) => {
      await engine.images.load(one(busyboxArchive()));
      const made = await engine.containers.create(options({ ...none, command: ["true"] }), "kept");
      return made.id;
    });
    const startedAt = "2026-01-01T00:00:00.000000000Z";
    rewrite(root, id, { state: { status: "running", pid: 1, startedAt }, bootId: "another boot", startedAt });
    await withEngine(root, async (engine) => {
      expect(engine.containers.get("kept").state).toMatchObject({
        status: "exited",
        exit: { code: 255, error: "the machine was restarted", startedAt },
      });
      expect(await engine.containers.start(id)).toBe(true);
      expect((await engine.containers.wait(id, "not-running").ended).code).toBe(0);
    });
  }, 20_000);

  test("a start that was never answered did not happen; with --rm its container neither", async () => {
    using folder = temporaryFolder("engine");
    const root = folder.path;
    const [kept, fleeting] = await withEngine(root, async (engine) => {
      await engine.images.load(one(busyboxArchive()));
      const first = await engine.containers.create(options({ ...none, command: ["true"] }), "kept");
      const second = await engine.containers.create(
        options({ ...none, command: ["true"], autoRemove: true }),
        null,
      );
      return [first.id, second.id];
    });
    rewrite(root, kept ?? "", { starting: true, bootId: "another boot" });
    rewrite(root, fleeting ?? "", { starting: true, bootId: "another boot" });
    await withEngine(root, async (engine) => {
      const all = engine.containers.list({ all: true, limit: 0, filters: {} });
      expect(all.map(({ name, state }) => [name, state.status])).toEqual([["kept", "created"]]);
      expect(await engine.containers.start("kept")).toBe(true);
      await engine.containers.wait("kept", "not-running").ended;
    });
  }, 20_000);

  test("out-of-memory kills while no engine is there are told by the next, and by nobody again", async () => {
    using folder = temporaryFolder("engine");
    const root = folder.path;
    const program =
      "until [ -e /go ]; do sleep 0.1; done; tail /dev/zero; touch /done; until [ -e /end ]; do sleep 0.1; done";
    const resources = { ...DEFAULT_RESOURCES, memory: 16 * MIB, memorySwap: 16 * MIB };
    const told = async (engine: Engine, id: string) => {
      const until = BigInt(Date.now() + 5) * 1_000_000n;
      const query = { since: 0n, until, filters: { container: [id] } };
      const all = await Array.fromAsync(engine.events.stream(query, new AbortController().signal));
      return all.map(({ action }) => action).filter((action) => ["start", "oom", "die"].includes(action));
    };
    const { id, inside } = await withEngine(root, async (engine) => {
      await engine.images.load(one(busyboxArchive()));
      const made = await engine.containers.create(
        options({ ...none, command: ["sh", "-c", program], resources }),
        null,
      );
      await engine.containers.start(made.id);
      const { state } = engine.containers.get(made.id);
      if (state.status !== "running") throw new Error(state.status);
      return { id: made.id, inside: `/proc/${state.pid}/root` };
    });
    writeFileSync(`${inside}/go`, "");
    await until(() => existsSync(`${inside}/done`));
    await withEngine(root, async (engine) => {
      await until(() => engine.containers.get(id).memoryKills > 0);
      expect(await told(engine, id)).toEqual(["start", "oom"]);
    });
    await withEngine(root, async (engine) => {
      expect(engine.containers.get(id).memoryKills).toBe(1);
      const { ended } = engine.containers.wait(id, "not-running");
      writeFileSync(`${inside}/end`, "");
      await ended;
      expect(await told(engine, id)).toEqual(["start", "oom", "die"]);
      expect(engine.containers.get(id).state).toMatchObject({ exit: { code: 0, oomKilled: true } });
      await engine.containers.start(id);
      expect(engine.containers.get(id).state).toMatchObject({ status: "running" });
      await engine.containers.remove(id, { force: true, volumes: true });
    });
  }, 30_000);

  test("folders and volumes without a record are swept", async () => {
    using folder = temporaryFolder("engine");
    const root = folder.path;
    await withEngine(root, async () => {});
    const left = ["containers/half", "volumes/orphan/_data", "trash/old/deep"].map((name) =>
      join(root, name),
    );
    for (const path of left) mkdirSync(path, { recursive: true });
    await withEngine(root, async () => {});
    expect(left.filter(existsSync)).toEqual([]);
  });

  test("a data root is opened by one engine at a time", async () => {
    using folder = temporaryFolder("engine");
    await withEngine(folder.path, async () => {
      const again = openLocalEngine({ root: folder.path, execRoot: join(folder.path, "run2") });
      await expect(again).rejects.toMatchObject({ code: "ENGINE_RUNNING" });
    });
  });
});
