/** Slots as steps, in an order in which nothing takes what another one still has. */
import type { Project, Service } from "../model/project.ts";
import type { Found } from "./actual.ts";
import { type Leaving, stepAside } from "./aside.ts";
import { bouncedOnes, claims, earlyOnes, wants } from "./conflicts.ts";
import type { Draft } from "./draft.ts";
import type { UpOptions } from "./options.ts";
import { joined, linked } from "./resolve.ts";
import type { Changes } from "./resources.ts";
import { runs, type Slot } from "./slots.ts";
import type { WaitAction } from "./step.ts";

export interface Drafting {
  readonly project: Project;
  readonly options: UpOptions;
  readonly selected: readonly Service[];
  readonly changed: Changes;
  readonly slots: readonly Slot[];
  /** Those that go and have no successor. */
  readonly leaving: readonly Leaving[];
}

const starts = (slot: Slot): string => `start ${slot.name}`;
const unpauses = (slot: Slot): string => `unpause ${slot.name}`;

export function containerSteps(drafted: Draft, asked: Drafting): void {
  const { asides, ...moved } = stepAside(asked.slots, asked.leaving);
  const drafting = { ...asked, ...moved };
  for (const { found, why } of drafting.leaving) leave(drafted, found, why, drafting.options);
  const context = {
    ...drafting,
    early: earlyOnes(drafting.slots, drafting.changed),
    bounced: drafting.options.start ? bouncedOnes(drafting.slots, drafting.selected) : new Set<Slot>(),
  };
  for (const slot of drafting.slots) slotSteps(drafted, slot, context);
  objectSteps(drafted, drafting);
  for (const service of drafting.selected) conditionSteps(drafted, service, context);
  for (const slot of drafting.slots) order(drafted, slot, context);
  if (drafting.options.wait) for (const service of drafting.selected) readySteps(drafted, service, drafting);
  for (const { service, from, to } of asides) {
    const aside = drafted.add(
      { kind: "rename", service, container: from, to },
      "another one is to have its name",
    );
    for (const kind of ["stop", "remove", "rename"]) drafted.follow(`${kind} ${to}`, [aside]);
    for (const { name } of drafting.changed.networks) drafted.follow(`remove network ${name}`, [aside]);
    for (const slot of drafting.slots) if (slot.name === from) drafted.follow(naming(slot), [aside]);
  }
}

/** The step after which a slot's container has its name. */
const naming = ({ name, made, kept }: Slot): string =>
  made?.name === name ? `create ${name}` : `rename ${made?.name ?? kept?.name}`;

/** Takes a container away. */
export function leave(
  drafted: Draft,
  found: Found,
  why: string,
  { timeout }: Pick<UpOptions, "timeout">,
  after: readonly string[] = [],
): string {
  const common = { service: found.service, container: found.name };
  const stop = runs(found)
    ? [drafted.add({ kind: "stop", ...common, ...(timeout === undefined ? {} : { timeout }) }, why, after)]
    : after;
  return drafted.add({ kind: "remove", ...common, volumes: false }, why, stop);
}

interface Context extends Drafting {
  /** Slots whose old containers stop before what the new ones wait for is there. */
  readonly early: ReadonlySet<Slot>;
  /** Slots whose containers stay and are restarted with what they depend on. */
  readonly bounced: ReadonlySet<Slot>;
}

function slotSteps(drafted: Draft, slot: Slot, { options, bounced, early }: Context): void {
  const { service, number, name, kept, made, retired, why } = slot;
  const common = { service: service.name, container: name };
  if (made !== undefined) {
    const { replaces, inherits } = made;
    drafted.add(
      {
        kind: "create",
        service: service.name,
        number,
        name: made.name,
        inherits,
        ...(replaces === undefined ? {} : { replaces: replaces.id }),
      },
      why,
    );
  }
  for (const found of retired) {
    // What the new one takes over goes once it is there.
    const after = found === made?.replaces ? [`create ${made.name}`] : [];
    const removed = leave(drafted, found, why, options);
    drafted.follow(removed, after);
    if (!early.has(slot)) drafted.follow(`stop ${found.name}`, after);
  }
  const present = made?.name ?? kept?.name ?? name;
  if (present !== name)
    drafted.add(
      { kind: "rename", service: service.name, container: present, to: name },
      why,
      retired.map((found) => `remove ${found.name}`),
    );
  if (!options.start) return;
  if (kept?.state === "paused") drafted.add({ kind: "unpause", ...common }, "it is paused");
  if (bounced.has(slot))
    drafted.add(
      { kind: "stop", ...common, ...(options.timeout === undefined ? {} : { timeout: options.timeout }) },
      "what it depends on is made again",
    );
  if (made !== undefined || bounced.has(slot) || (kept !== undefined && !runs(kept)))
    drafted.add({ kind: "start", ...common }, made === undefined ? "it does not run" : why);
}

function objectSteps(drafted: Draft, { changed, slots, leaving }: Drafting): void {
  for (const { key, name, why } of changed.volumes) drafted.add({ kind: "create volume", key, name }, why);
  for (const { key, name, why, replaces } of changed.networks) {
    const made = drafted.add({ kind: "create network", key, name }, why);
    if (replaces === undefined) continue;
    const on = (found: Found) => found.networks[name] !== undefined;
    const retired = slots.flatMap((slot) => slot.retired).filter(on);
    const gone = leaving.map(({ found }) => found).filter(on);
    const removed = drafted.add(
      { kind: "remove network", name, disconnect: retired.map((found) => found.name) },
      why,
      [...retired.map((found) => `stop ${found.name}`), ...gone.map((found) => `remove ${found.name}`)],
    );
    drafted.follow(made, [removed]);
    // Nothing goes before it can be taken off the network.
    for (const found of retired) drafted.follow(`remove ${found.name}`, [removed]);
  }
}

/** The steps after which what a service depends on is as it has to be. */
function conditionSteps(drafted: Draft, service: Service, { slots, options, early }: Context): void {
  const own = slots.filter((slot) => slot.service === service && drafted.has(starts(slot)));
  if (own.length === 0 || !options.start) return;
  for (const [name, { condition, required }] of Object.entries(service.depends_on ?? {})) {
    const theirs = slots.filter((slot) => slot.service.name === name);
    if (theirs.length === 0) continue;
    const begun = theirs.flatMap((slot) => [starts(slot), unpauses(slot)]);
    const settled =
      condition === "service_started" || theirs.every((slot) => isSettled(drafted, slot, condition));
    const met = settled
      ? begun
      : [drafted.add(waitFor(name, theirs, condition, required), `"${service.name}" depends on it`, begun)];
    for (const slot of own) {
      drafted.follow(starts(slot), met);
      // What runs goes on running until its successor can.
      if (early.has(slot) || slot.made === undefined) continue;
      for (const found of slot.retired) drafted.follow(`stop ${found.name}`, met);
    }
  }
}

const waitFor = (
  service: string,
  slots: readonly Slot[],
  condition: WaitAction["condition"],
  required: boolean,
): WaitAction => ({ kind: "wait", service, containers: slots.map(({ name }) => name), condition, required });

function isSettled(drafted: Draft, slot: Slot, condition: WaitAction["condition"]): boolean {
  if (slot.kept === undefined || drafted.has(starts(slot)) || drafted.has(unpauses(slot))) return false;
  return condition === "service_healthy" && slot.kept.state === "running" && slot.kept.health === "healthy";
}

function order(drafted: Draft, slot: Slot, { project, slots, changed, leaving, bounced }: Context): void {
  const { service, made, retired } = slot;
  const going = [
    ...leaving.map(({ found }) => found),
    ...slots.filter((each) => each !== slot).flatMap((each) => each.retired),
  ];
  const wanted = wants(slot);
  for (const found of going) if (claims(found, wanted)) drafted.follow(starts(slot), [`stop ${found.name}`]);
  if (made !== undefined) {
    drafted.follow(`create ${made.name}`, [
      ...Object.keys(service.networks ?? {}).map(
        (key) => `create network ${project.networks.get(key)?.name}`,
      ),
      ...changed.volumes.map(({ name }) => `create volume ${name}`),
      ...peersOf(slots, [...joined(service), ...linked(service)]).map(naming),
    ]);
  }
  const uses = [starts(slot), unpauses(slot), ...(bounced.has(slot) ? [`stop ${slot.name}`] : [])];
  for (const id of uses) drafted.follow(id, [naming(slot)]);
  drafted.follow(starts(slot), [
    ...peersOf(slots, joined(service)).flatMap((each) => [starts(each), unpauses(each)]),
    ...retired.map((found) => `remove ${found.name}`),
    ...(bounced.has(slot) ? [`stop ${slot.name}`] : []),
  ]);
  // Those that are restarted with this one stop before it does.
  for (const each of bounced)
    if (each.service.depends_on?.[service.name]?.restart === true)
      for (const found of retired) drafted.follow(`stop ${found.name}`, [`stop ${each.name}`]);
}

const peersOf = (slots: readonly Slot[], names: readonly string[]): readonly Slot[] =>
  slots.filter(({ service }) => names.includes(service.name));

/** `up --wait`. One that is a job may end, if another one waits for that. */
function readySteps(drafted: Draft, service: Service, { slots, options, selected }: Drafting): void {
  const own = slots.filter((slot) => slot.service === service);
  if (own.length === 0) return;
  const isJob = selected.some(
    ({ depends_on: depends = {} }) => depends[service.name]?.condition === "service_completed_successfully",
  );
  const wait = waitFor(service.name, own, isJob ? "service_completed_successfully" : "ready", true);
  const timeout = options.waitTimeout;
  drafted.add(
    timeout === undefined ? wait : { ...wait, timeout },
    "--wait",
    own.flatMap((slot) => [starts(slot), unpauses(slot)]),
  );
}
