import { InroError, reasonOf } from "../../oci/error.ts";
import { Undo } from "../../oci/undo.ts";
import { type Core, record } from "../core.ts";
import { copyUp } from "../create/copy-up.ts";
import { prepareMounts } from "../create/mounts.ts";
import type { Entry } from "../entry.ts";
import { openFiles } from "../files/files.ts";
import { removeNow } from "../life/remove.ts";
import { start } from "../life/start.ts";
import { stop } from "../life/stop.ts";
import { takeTurn } from "../turn.ts";
import { holdVolume } from "../volumes/holds.ts";
import type { Edit } from "./edit.ts";
import { beginning, FOLDED, type Successor, settle } from "./settle.ts";

/** A program that fails within so many milliseconds of its start has not been started well. */
const PROBATION = 1000;

/** Of a container that does not run: one write. */
export async function editAtRest(core: Core, entry: Entry, edit: Edit): Promise<void> {
  using holds = new DisposableStack();
  await using undo = new Undo();
  const successor = await successorOf(core, entry, edit, { undo, holds });
  await takeTurn(core, entry, async () => {
    if (entry.live !== null) throw refused(entry, "CONTAINER_RUNNING", "it was started meanwhile");
    settle(core, entry, successor, { ...FOLDED, endpoints: edit.endpoints });
  });
  undo.release();
}

/**
 * Stops it and starts it as what it becomes. On disk it is what it was, with the word that an edit is under way, until its
 * program runs; what it becomes is written with that, in one piece. Where it does not start, or fails at once, it is started
 * as it was. EDIT_UNDONE.
 */
export async function editByRestart(core: Core, entry: Entry, edit: Edit): Promise<void> {
  using holds = new DisposableStack();
  await using undo = new Undo();
  const successor = await successorOf(core, entry, edit, { undo, holds });
  const before = beginning(entry, { restarts: true });
  const predecessor = { name: entry.name, origin: entry.origin, volumes: [] };
  // One with --rm stays meanwhile.
  entry.restarting = true;
  try {
    record(core, entry, { edit: before }, "machine");
    await stop(core, entry, { signal: null, timeout: null });
    try {
      await startAs(core, entry, successor, edit.endpoints);
      undo.release();
    } catch (cause) {
      if (!core.shelf.has(entry)) throw cause;
      await stop(core, entry, { signal: "SIGKILL", timeout: null });
      const { bandwidth, resources, restart, ports, endpoints } = before;
      settle(core, entry, predecessor, { bandwidth, resources, restart, ports, endpoints });
      throw await startedAgain(core, entry, cause);
    }
  } finally {
    entry.restarting = false;
  }
  if (entry.live === null && entry.origin.options.autoRemove)
    await entry.turn.run(() => removeNow(core, entry, { volumes: true, code: 0 }));
}

/** As what it becomes: in this process at once, on disk when its program runs. */
async function startAs(
  core: Core,
  entry: Entry,
  successor: Successor,
  endpoints: Edit["endpoints"],
): Promise<void> {
  const watching = new AbortController();
  const end = entry.waitFor("next-exit", watching.signal);
  entry.successor = successor;
  entry.origin = successor.origin;
  entry.fortune = { ...entry.fortune, ...FOLDED, endpoints };
  try {
    await start(core, entry);
    const early = await Promise.race([end, Bun.sleep(PROBATION)]);
    if (early instanceof Object && early.code !== 0 && !entry.fortune.stoppedByUser)
      throw new Error(`its program ended with ${early.code} as soon as it was started`);
  } finally {
    watching.abort();
    entry.successor = null;
  }
}

async function startedAgain(core: Core, entry: Entry, cause: unknown): Promise<InroError> {
  const why = reasonOf(cause);
  try {
    await start(core, entry);
    return refused(entry, "EDIT_UNDONE", why, "it runs again as it was before");
  } catch (error) {
    record(core, entry, { edit: null }, "machine");
    const both = `${why}; as it was before it does not start either: ${(error as Error).message}`;
    return refused(entry, "EDIT_UNDONE", both, "its settings are what they were");
  }
}

const refused = ({ name }: Entry, code: string, why: string, hint?: string) =>
  new InroError(code, {
    what: `cannot edit the container "${name}"`,
    why,
    ...(hint === undefined ? {} : { hint }),
  });

/** Mounts that stay keep their volumes, anonymous ones too; what is new is made, and filled with what the image has there. */
async function successorOf(
  core: Core,
  entry: Entry,
  { name, options }: Edit,
  { undo, holds }: { readonly undo: Undo; readonly holds: DisposableStack },
): Promise<Successor> {
  const { origin } = entry;
  const words = [...(options.entrypoint ?? []), ...(options.command ?? [])];
  if (words.length === 0) throw refused(entry, "NO_COMMAND", "it would have neither entrypoint nor command");
  // No volume gets another name while this is not on disk.
  for (const { type, name: volume } of origin.mounts)
    if (type === "volume" && volume !== null) holds.use(holdVolume(core, volume));
  const known = new Map(origin.options.mounts.map((mount) => [mount.target, JSON.stringify(mount)]));
  const fresh = options.mounts.filter((mount) => known.get(mount.target) !== JSON.stringify(mount));
  const { points, made, filled } = await prepareMounts(core, { ...options, mounts: fresh }, undo, holds);
  if (filled.length > 0) {
    await using files = await openFiles(core, entry);
    await copyUp(core, files.rootfs, filled);
  }
  const byTarget = new Map([...origin.mounts, ...points].map((point) => [point.target, point]));
  const mounts = options.mounts.flatMap(({ target }) => byTarget.get(target) ?? []);
  return { name, origin: { ...origin, options, arguments: words, mounts }, volumes: made };
}
