import type { Core } from "./core.ts";
import type { Entry } from "./entry.ts";

/** Work in a container's own turn. Who waited for it behind the container's removal is told so: NO_SUCH_CONTAINER. */
export const takeTurn = <T>(core: Core, entry: Entry, work: () => Promise<T>): Promise<T> =>
  entry.turn.run(async () => {
    expectThere(core, entry);
    return await work();
  });

/** Holds it until the answered function is called. NO_SUCH_CONTAINER. */
export async function holdTurn(core: Core, entry: Entry): Promise<() => void> {
  const release = await entry.turn.hold();
  try {
    expectThere(core, entry);
    return release;
  } catch (cause) {
    release();
    throw cause;
  }
}

const expectThere = (core: Core, { id }: Entry): Entry => core.shelf.find(id);
