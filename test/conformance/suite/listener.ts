import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./container.ts";
import type { World } from "./world.ts";

export interface Listener {
  readonly socket: string;
  /** What came so far: `listener.py` says in which form. */
  heard(): string;
  /** Waits until something is in it. */
  hears(text: string | RegExp): Promise<string>;
}

/** Listens at a socket, which goes with the test. */
export async function listen(c: World, kind: "console" | "seccomp"): Promise<Listener> {
  const [socket, file] = [join(c.room, `${kind}.sock`), join(c.room, `${kind}.heard`)];
  const words = ["python3", join(import.meta.dir, "listener.py"), kind, socket, file];
  const listener = Bun.spawn(words, { stdio: ["ignore", "inherit", "inherit"] });
  c.undo(async () => {
    listener.kill();
    await listener.exited;
  });
  await until(() => existsSync(socket) || listener.exitCode !== null);
  const heard = () => (existsSync(file) ? readFileSync(file, "utf8") : "");
  return {
    ...{ socket, heard },
    hears: async (text) => {
      await until(() => heard().match(text) !== null);
      return heard();
    },
  };
}
