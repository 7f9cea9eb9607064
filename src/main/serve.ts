import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { InroError, reasonOf } from "../oci/error.ts";
import { giveBackMemory } from "../platform/memory.ts";
import { serviceManager } from "../platform/service-manager.ts";
import { withSmallHeap } from "../platform/small-heap.ts";
import { type Places, parsePlaces } from "./places.ts";

/**
 * How often a function must have run, in multiples of what Bun asks for, before it is compiled. The executable starts at
 * 100 (scripts/build.ts), where a daemon would wait too long; at 1 it compiles what a crowd calls a few times each, which
 * takes 20 MB and, of the first fifty starts, more time than it wins: what serves every day is compiled either way.
 */
const RELUCTANCE = 30;

/** The daemon: opens the engine, serves its API, and goes without touching a container. */
export async function serveDaemon(words: readonly string[]): Promise<void> {
  const { places, rest } = parsePlaces(words);
  const [unknown] = rest;
  if (unknown !== undefined)
    throw new InroError("INVALID_OPTION", {
      what: `cannot understand "${unknown}"`,
      why: "serve takes --data-root, --exec-root, -H, --group, --registries, --trust, --storage-driver, --cdi-spec-dir, --firewall-foreign, --ip, --bip, --bip6, --ipv6, --builder-keep-storage and --debug",
    });
  withSmallHeap();
  process.title = "inro serve";
  const manager = serviceManager();
  // What the engine makes is for root; what others may see is opened by name.
  process.umask(0o022);
  const [{ openLocalEngine }, { serve }, { passOn }] = await Promise.all([
    import("./open.ts"),
    import("../api/server.ts"),
    import("../api/handed-over.ts"),
  ]);
  const engine = await openLocalEngine({
    root: places.dataRoot,
    execRoot: places.execRoot,
    registries: places.registries,
    ...(places.cdiFolders === null ? {} : { cdiFolders: places.cdiFolders }),
    trust: places.trust,
    foreignFirewalls: places.foreignFirewalls,
    ...(places.storageDriver === null ? {} : { storageDriver: places.storageDriver }),
    publishOn: places.publishOn,
    defaultNetwork: places.defaultNetwork,
    ...(places.buildCacheBytes === null ? {} : { buildCacheBytes: places.buildCacheBytes }),
    onFault: (message) => console.error(`inro: ${message}`),
  });
  mkdirSync(dirname(places.socket), { recursive: true, mode: 0o711 });
  const { listener } = manager;
  // One that was handed over belongs to who made it; behind it stands a socket of this engine's own.
  const socket = listener === null ? places.socket : join(places.execRoot, "served.sock");
  const api = await serve(engine, { socket, group: listener === null ? groupId(places) : null });
  const handedOver = listener === null ? null : await passOn(listener, socket);
  const pidFile = join(places.execRoot, "inro.pid");
  writeFileSync(pidFile, `${process.pid}\n`);
  manager.tell("READY=1");
  if (places.debug) console.error(`inro: serving ${places.socket} from ${places.dataRoot}`);
  Bun.unsafe.setJITPolicy(RELUCTANCE);
  // What opening took is not what serving takes.
  setTimeout(giveBackMemory, 1500).unref();
  whenIdle(giveBackMemory);
  await signalled();
  manager.tell("STOPPING=1");
  handedOver?.close();
  // Without anything else to wait for Bun may end the process between two awaits of what follows.
  setInterval(() => {}, 60_000);
  // Containers go on: their monitors hold all that they need.
  const failure = await close([api, engine]);
  rmSync(pidFile, { force: true });
  if (failure !== undefined) console.error(`inro: while closing: ${failure}`);
  process.exit(failure === undefined ? 0 : 1);
}

/** One after the other; what cannot be closed (its folder may be gone) keeps nothing else open, nor the process alive. */
async function close(things: readonly { close(): Promise<void> }[]): Promise<unknown> {
  let failure: unknown;
  for (const thing of things)
    await thing.close().catch((cause: unknown) => {
      failure ??= reasonOf(cause);
    });
  return failure;
}

/** Milliseconds between two looks; processor time in between that still counts as rest, and work worth clearing up after. */
const LOOK = 10_000;
const REST = 100;
const WORK = 50;

/** Clears up once after every time of work, when two looks in a row found nobody at work. */
function whenIdle(clearUp: () => void): void {
  const used = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
  let before = used();
  let cleared = before;
  let rests = 0;
  const look = () => {
    const now = used();
    rests = now - before < REST ? rests + 1 : 0;
    if (rests >= 2 && now - cleared >= WORK) {
      clearUp();
      cleared = used();
    }
    before = used();
  };
  setInterval(look, LOOK).unref();
}

/** The second one ends at once, whatever is under way. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    let times = 0;
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.on(signal, () => (++times === 1 ? resolve() : process.exit(1)));
    process.on("SIGHUP", () => {});
  });
}

function groupId({ group }: Places): number | null {
  if (group === null) return null;
  if (/^[0-9]+$/.test(group)) return Number(group);
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((candidate) => candidate.startsWith(`${group}:`));
  const id = line?.split(":")[2];
  if (id !== undefined) return Number(id);
  throw new InroError("NO_SUCH_GROUP", {
    what: `cannot open the socket to the group "${group}"`,
    why: "this host has no such group",
    at: "--group",
  });
}
