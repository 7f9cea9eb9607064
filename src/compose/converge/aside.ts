import type { Found } from "./actual.ts";
import { meanwhileName } from "./labels.ts";
import type { Slot } from "./slots.ts";

export interface Leaving {
  readonly found: Found;
  readonly why: string;
}

export interface Aside {
  readonly service: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Containers whose name another one is to have get out of its way first, so that nobody has to wait for a name. The
 * slots and those that leave are answered with the names that they have then.
 */
export function stepAside(
  slots: readonly Slot[],
  leaving: readonly Leaving[],
): {
  readonly slots: readonly Slot[];
  readonly leaving: readonly Leaving[];
  readonly asides: readonly Aside[];
} {
  const owners = new Map(slots.map((slot) => [slot.name, slot]));
  const asides: Aside[] = [];
  const taken = new Set([
    ...slots.flatMap(({ kept, made, retired }) => [
      kept?.name,
      made?.name,
      ...retired.map(({ name }) => name),
    ]),
    ...leaving.map(({ found }) => found.name),
  ]);
  const moved = (found: Found, slot: Slot | undefined): Found => {
    const owner = owners.get(found.name);
    if (owner === undefined || owner === slot) return found;
    const to = meanwhileName(found.id, found.name, (name) => taken.has(name));
    taken.add(to);
    asides.push({ service: found.service, from: found.name, to });
    return { ...found, name: to };
  };
  return {
    leaving: leaving.map(({ found, why }) => ({ found: moved(found, undefined), why })),
    slots: slots.map((slot) => {
      const { kept, made } = slot;
      const retired = slot.retired.map((found) => moved(found, slot));
      const replaces = made?.replaces && retired[slot.retired.indexOf(made.replaces)];
      return {
        ...slot,
        retired,
        ...(kept === undefined ? {} : { kept: moved(kept, slot) }),
        ...(made === undefined || replaces === undefined ? {} : { made: { ...made, replaces } }),
      };
    }),
    asides,
  };
}
