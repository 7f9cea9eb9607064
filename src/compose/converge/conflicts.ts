/** What of one service's containers concerns another one's. */
import type { Service } from "../model/project.ts";
import type { Found } from "./actual.ts";
import { hostPorts } from "./body/ports.ts";
import type { Changes } from "./resources.ts";
import { runs, type Slot } from "./slots.ts";

/** What only one container at a time can have: ports of the host, fixed addresses. */
export function claims(found: Found, wanted: ReadonlySet<string>): boolean {
  const addresses = Object.values(found.networks).flatMap((each) => each.addresses);
  return [...found.ports, ...addresses].some((each) => wanted.has(each));
}

export const wants = ({ service }: Slot): ReadonlySet<string> =>
  new Set([
    ...hostPorts(service),
    ...Object.values(service.networks ?? {}).flatMap((own) =>
      [own?.ipv4_address, own?.ipv6_address].filter((address) => address !== undefined),
    ),
  ]);

/** Slots whose old containers stop before what the new ones wait for is there. */
export function earlyOnes(slots: readonly Slot[], changed: Changes): ReadonlySet<Slot> {
  const remade = changed.networks.filter(({ replaces }) => replaces !== undefined).map(({ name }) => name);
  const begin = slots.filter(({ kept }) => kept === undefined || !runs(kept));
  const wanted = begin.map((slot) => ({ slot, wants: wants(slot) }));
  return new Set(
    slots.filter((slot) =>
      slot.retired.some(
        (found) =>
          remade.some((name) => found.networks[name] !== undefined) ||
          wanted.some((each) => each.slot !== slot && claims(found, each.wants)),
      ),
    ),
  );
}

/** depends_on, `restart: true`: those that stay when what they depend on is another one. */
export function bouncedOnes(slots: readonly Slot[], selected: readonly Service[]): ReadonlySet<Slot> {
  const renewed = new Set(
    slots
      .filter(({ retired, made }) => made !== undefined && retired.length > 0)
      .map(({ service }) => service.name),
  );
  const bounced = selected.filter(({ depends_on: depends = {} }) =>
    Object.entries(depends).some(([name, { restart }]) => restart === true && renewed.has(name)),
  );
  return new Set(
    slots.filter(({ service, kept }) => bounced.includes(service) && kept !== undefined && runs(kept)),
  );
}
