import { type Core, tell } from "../core.ts";
import { optionsOf } from "../current.ts";
import type { Entry } from "../entry.ts";
import { checkName, nameInUse } from "../names.ts";
import { endpointsOf } from "../networks/endpoints.ts";
import type { ContainerOptions } from "../options.ts";
import type { ContainerFortune } from "../records.ts";
import { type ContainerEdit, editedOptions } from "./asked.ts";
import { type Change, differences } from "./changes.ts";
import { editLive } from "./live.ts";
import { moves, networkChanges } from "./networks.ts";
import { editAtRest, editByRestart } from "./restart.ts";

export interface Edited {
  readonly changes: readonly Change[];
  /** `live`: at once; `restart`: it is, or would be, started again; `next start`: it does not run. */
  readonly when: "live" | "restart" | "next start";
}

/** An edit that was looked at, and not refused. */
export interface Edit {
  readonly asked: ContainerEdit;
  readonly name: string;
  readonly options: ContainerOptions;
  /** Of its fortune. */
  readonly endpoints: ContainerFortune["endpoints"];
}

/**
 * Changes what a container is: at once what can be, all else by starting it again, with its files and volumes. All of it or
 * nothing (ADR 31). INVALID_OPTION, NAME_IN_USE, NOT_PUBLISHED, EDIT_UNDONE, what a start and an update refuse.
 */
export function edit(core: Core, entry: Entry, asked: ContainerEdit, dryRun: boolean): Promise<Edited> {
  return entry.edits.run(async () => {
    const options = editedOptions(core, entry, asked);
    const name = asked.name === null ? entry.name : checkName(asked.name);
    const renamed: readonly Change[] =
      name === entry.name ? [] : [{ kind: "name", of: "", from: entry.name, to: name, when: "live" }];
    const before = optionsOf(entry);
    const moved = moves(asked.networks) ? networkChanges(endpointsOf(entry), { before, after: options }) : [];
    const changes = [...renamed, ...differences(before, options), ...moved];
    const how = changes.some(({ when }) => when === "restart") ? ("restart" as const) : ("live" as const);
    const edited: Edited = { changes, when: entry.live === null ? "next start" : how };
    using _ = holdName(core, entry, name);
    if (dryRun || changes.length === 0) return edited;
    // Where networks were changed otherwise, and are not by this, that stands as it is recorded.
    const endpoints = moved.length === 0 ? entry.fortune.endpoints : null;
    const plan = { asked, name, options, endpoints };
    if (entry.live === null) await editAtRest(core, entry, plan);
    else if (how === "live") await editLive(core, entry, plan);
    else await editByRestart(core, entry, plan);
    tell(core, entry, "update");
    return edited;
  });
}

/** Nobody else takes the new name meanwhile. */
function holdName(core: Core, entry: Entry, name: string): Disposable {
  if (name === entry.name) return { [Symbol.dispose]() {} };
  const holder = core.shelf.byName(name);
  if (holder !== undefined || core.beingMade.has(name)) throw nameInUse(name, holder?.id);
  core.beingMade.set(name, entry.origin.imageId);
  return { [Symbol.dispose]: () => core.beingMade.delete(name) };
}
