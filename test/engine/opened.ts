import { join } from "node:path";
import type { Engine } from "../../src/engine/engine.ts";
import type { ContainerOptions } from "../../src/engine/options.ts";
import { openLocalEngine } from "../../src/main/open.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { busyboxArchive } from "./busybox.ts";
import { options } from "./sample.ts";

/** An engine in the test's own process, with busybox in it. Its containers have no network of their own to undo. */
export interface Opened extends AsyncDisposable {
  readonly engine: Engine;
  readonly root: string;
  readonly faults: string[];
  create(command: readonly string[], change?: Partial<ContainerOptions>): Promise<string>;
  /** Creates and starts; the id. */
  run(command: readonly string[], change?: Partial<ContainerOptions>): Promise<string>;
  /** Waits for its end; the code. */
  ended(container: string): Promise<number>;
  /** All it wrote. */
  output(container: string): Promise<string>;
}

export async function opened(): Promise<Opened> {
  const folder = temporaryFolder("engine");
  const [root, execRoot] = [join(folder.path, "data"), join(folder.path, "run")];
  const faults: string[] = [];
  const engine = await openLocalEngine({ root, execRoot, onFault: (message) => faults.push(message) });
  await engine.images.load(one(busyboxArchive()));
  const create: Opened["create"] = async (command, change = {}) =>
    (await engine.containers.create(options({ network: { kind: "none" }, command, ...change }), null)).id;
  return {
    engine,
    root,
    faults,
    create,
    run: async (command, change) => {
      const id = await create(command, change);
      await engine.containers.start(id);
      return id;
    },
    ended: async (container) => (await engine.containers.wait(container, "not-running").ended).code,
    output: async (container) => {
      const { signal } = new AbortController();
      const query = { stdout: true, stderr: true, since: null, until: null, tail: null, follow: false };
      const form = { framed: false, timestamps: false, details: "" };
      const parts = await Array.fromAsync(engine.containers.logs(container, { ...query, signal }, form));
      return Buffer.concat(parts).toString();
    },
    [Symbol.asyncDispose]: async () => {
      const all = engine.containers.list({ all: true, limit: 0, filters: {} });
      await Promise.all(all.map(({ id }) => engine.containers.remove(id, { force: true, volumes: true })));
      await engine.close();
      folder[Symbol.dispose]();
    },
  };
}

export async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
