import { type Core, tell } from "../core.ts";
import type { Entry } from "../entry.ts";
import { checkName, nameInUse } from "../names.ts";
import { takeTurn } from "../turn.ts";

/** NAME_IN_USE, INVALID_OPTION. */
export async function rename(core: Core, entry: Entry, wanted: string): Promise<void> {
  const name = checkName(wanted);
  await takeTurn(core, entry, async () => {
    const holder = core.shelf.byName(name);
    if (holder !== undefined || core.beingMade.has(name)) throw nameInUse(name, holder?.id);
    const oldName = entry.name;
    core.records.renameContainer(entry.id, name);
    core.shelf.rename(entry, name);
    tell(core, entry, "rename", { oldName: `/${oldName}` });
  });
}
