/** Engines of other projects, unmodified, that drive this checkout's `inro-runtime`. */
import { expect } from "bun:test";
import { globSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../../bench/contenders/engine.ts";
import { type Finished, machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { type Screen, screen } from "./screen.ts";

export const RUNTIME = join(import.meta.dir, "../../build/inro-runtime");

export interface Peer extends AsyncDisposable {
  (...words: string[]): Promise<Finished>;
  withInput(input: string | Uint8Array, ...words: string[]): Promise<Finished>;
  onScreen(...words: string[]): Screen;
  /** A folder of the test's own. */
  readonly path: string;
}

/** How a peer is started, and what it leaves. */
export interface PeerKind {
  readonly start: (folder: string) => Promise<Engine | undefined>;
  /** Takes its containers away. */
  readonly takeAway: (run: (...words: string[]) => Promise<Finished>) => Promise<unknown>;
  /** Where it makes its cgroups, in every hierarchy. */
  readonly cgroups: string;
}

/** Starts one in a folder that goes with it. */
export async function peer({ start, takeAway, cgroups }: PeerKind): Promise<Peer> {
  const room = temporaryFolder("peer");
  const engine = await start(join(room.path, "engine"));
  if (engine === undefined) throw new Error("it was not fetched");
  const host = machine();
  const [program = "", ...first] = engine.cli;
  const env = engine.environment;
  const run = (...words: string[]) => host.run(program, [...first, ...words], { env });
  return Object.assign(run, {
    path: room.path,
    withInput: (input: string | Uint8Array, ...words: string[]) =>
      host.run(program, [...first, ...words], { env, input }),
    onScreen: (...words: string[]) => screen([...engine.cli, ...words], env),
    [Symbol.asyncDispose]: async () => {
      await takeAway(run);
      await engine.stop();
      removeEmptyCgroups(cgroups);
      room[Symbol.dispose]();
    },
  });
}

/** Shells in terminals, `run` and `exec`: they have the client's size, follow it, and end with their own codes. */
export async function showsTerminals({ onScreen }: Peer): Promise<void> {
  using shell = onScreen("run", "-it", "--rm", "--name", "screen", "busybox", "sh");
  await shell.shows("/ #");
  shell.type("stty size; echo at:$?\r");
  await shell.shows(/30 100.*at:0/s);
  shell.resize(40, 120);
  await Bun.sleep(500);
  shell.type("stty size\r");
  await shell.shows("40 120");
  using other = onScreen("exec", "-it", "screen", "sh");
  await other.shows("/ #");
  other.type("stty size; exit 4\r");
  await other.shows("30 100");
  expect(await other.exited).toBe(4);
  shell.type("exit 7\r");
  expect(await shell.exited).toBe(7);
}

/** Another engine of this machine may have containers there: then they are not empty, and stay. */
function removeEmptyCgroups(parent: string): void {
  const folders = globSync(`/sys/fs/cgroup/{*/,}${parent}{/**/,}`);
  for (const folder of folders.sort().reverse()) {
    try {
      rmdirSync(folder);
    } catch {
      // It is in use, or a file.
    }
  }
}
