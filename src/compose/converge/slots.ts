/** Which of a service's containers stay, which are made, which go. */
import { InroError } from "../../oci/error.ts";
import type { Project, Service } from "../model/project.ts";
import type { Actual, Found, FoundImage } from "./actual.ts";
import { containerName, imageName, meanwhileName } from "./labels.ts";

/** A place for one container of a service. */
export interface Slot {
  readonly service: Service;
  readonly number: number;
  /** What its container is called in the end. */
  readonly name: string;
  /** The one that stays. */
  readonly kept?: Found;
  /** The one that is made instead. */
  readonly made?: Made;
  /** Those that had the place and go. */
  readonly retired: readonly Found[];
  readonly why: string;
}

export interface Made {
  /** Until those that are retired are gone. */
  readonly name: string;
  readonly replaces?: Found;
  readonly inherits: Readonly<Record<string, string>>;
}

export interface Assessment {
  readonly slots: readonly Slot[];
  readonly surplus: readonly Found[];
}

export interface Assess {
  readonly project: Project;
  readonly actual: Actual;
  readonly count: number;
  /** Why a container cannot stay; undefined: it can. */
  readonly diverged: (found: Found) => string | undefined;
  /** Volumes without a name are new, too. */
  readonly renew: boolean;
}

/** How many containers a service is to have: what `scale` says, or the file. COMPOSE_INVALID: one name for several. */
export function countOf(service: Service, scale: Readonly<Record<string, number>>): number {
  // Somebody else's business, which nobody here minds.
  if (service.provider !== undefined) return 0;
  // A service may be called as something that every object has.
  const asked = Object.hasOwn(scale, service.name) ? scale[service.name] : undefined;
  const count =
    asked ?? (service.deploy?.mode === "global" ? 1 : (service.scale ?? service.deploy?.replicas ?? 1));
  if (count > 1 && service.container_name !== undefined)
    throw new InroError("COMPOSE_INVALID", {
      what: `cannot have ${count} containers of the service "${service.name}"`,
      why: `its container_name "${service.container_name}" can only be the name of one`,
      hint: "leave container_name out",
    });
  return count;
}

export const runs = ({ state }: Found): boolean =>
  state === "running" || state === "paused" || state === "restarting";

const usable = ({ state }: Found): boolean => state !== "removing" && state !== "dead";

export function assess(service: Service, context: Assess): Assessment {
  const { project, actual, count } = context;
  const all = actual.containers.filter((found) => found.service === service.name && !found.oneOff);
  const places = Map.groupBy(
    all.filter(({ number }) => number > 0),
    ({ number }) => number,
  );
  const lost = all.filter(({ number }) => number <= 0);
  const occupied = [...places].map(([number, candidates]) =>
    occupiedSlot(service, number, candidates, context),
  );
  // Those that are as they should be stay first, then the lowest numbers.
  const ranked = occupied.toSorted(
    (a, b) => Number(b.kept !== undefined) - Number(a.kept !== undefined) || a.number - b.number,
  );
  const stay = ranked.slice(0, count);
  const go = ranked
    .slice(count)
    .flatMap(({ kept, retired }) => [...(kept === undefined ? [] : [kept]), ...retired]);
  const numbers = new Set(stay.map(({ number }) => number));
  const fresh: Slot[] = [];
  for (let number = 1; numbers.size < count; number++) {
    if (numbers.has(number)) continue;
    numbers.add(number);
    const name = containerName(project, service, number);
    fresh.push({ service, number, name, made: { name, inherits: {} }, retired: [], why: "it is not there" });
  }
  return { slots: [...stay, ...fresh].sort((a, b) => a.number - b.number), surplus: [...go, ...lost] };
}

function occupiedSlot(
  service: Service,
  number: number,
  candidates: readonly Found[],
  { project, actual, diverged, renew }: Assess,
): Slot {
  const name = containerName(project, service, number);
  const reasons = new Map(candidates.map((found) => [found, usable(found) ? diverged(found) : "it is dead"]));
  // What a run that was cut off left: the one that runs, else the one that has the name already.
  const rank = (found: Found) =>
    Number(reasons.get(found) === undefined) * 4 + Number(runs(found)) * 2 + Number(found.name === name);
  const [best, ...others] = candidates.toSorted((a, b) => rank(b) - rank(a));
  if (best === undefined) throw new Error("a place without candidates");
  const why = reasons.get(best);
  const common = { service, number, name, why: why ?? "a run before this one was cut off" };
  if (why === undefined) return { ...common, kept: best, retired: others };
  const image = actual.images.get(imageName(project, service));
  const isTaken = (each: string) => actual.containers.some((found) => found.name === each);
  const inherits = renew ? {} : inherited(service, image, best);
  return {
    ...common,
    made: { name: meanwhileName(best.id, name, isTaken), replaces: best, inherits },
    retired: candidates,
  };
}

/** Volumes without a name that the service, or its image, has at the same places. */
function inherited(
  service: Service,
  image: FoundImage | undefined,
  old: Found,
): Readonly<Record<string, string>> {
  const { volumes = [], tmpfs = [] } = service;
  const anonymous = volumes.filter((mount) => mount.type === "volume" && mount.source === undefined);
  const taken = new Set([
    ...volumes.filter((mount) => !anonymous.includes(mount)).map(({ target }) => target),
    ...tmpfs.map((entry) => entry.split(":")[0]),
  ]);
  const wanted = [...anonymous.map(({ target }) => target), ...(image?.volumes ?? [])];
  return Object.fromEntries(
    wanted.flatMap((target) => {
      const volume = old.anonymous[target];
      return volume === undefined || taken.has(target) ? [] : [[target, volume]];
    }),
  );
}
