import { InroError } from "../../oci/error.ts";
import type { Core } from "../core.ts";

/** Says that a volume is needed by what no container's record tells yet, or by a copy: it neither goes nor moves. */
export function holdVolume(core: Core, name: string): Disposable {
  const { volumeHolds } = core;
  volumeHolds.set(name, (volumeHolds.get(name) ?? 0) + 1);
  return {
    [Symbol.dispose]: () => {
      const left = (volumeHolds.get(name) ?? 1) - 1;
      if (left === 0) volumeHolds.delete(name);
      else volumeHolds.set(name, left);
    },
  };
}

/** VOLUME_IN_USE. */
export function checkNotHeld(core: Core, name: string, what: string): void {
  if (!core.volumeHolds.has(name)) return;
  throw new InroError("VOLUME_IN_USE", {
    what,
    why: "it is being copied, or a container is being made that uses it",
    hint: "wait until that is done",
  });
}
