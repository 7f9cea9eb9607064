import { existsSync } from "node:fs";
import type { CgroupFolder } from "../kernel/cgroup/set.ts";
import { openExecutor } from "../kernel/executor/executor.ts";
import type { SpecResources } from "../oci/runtime-spec.ts";
import type { Live } from "./container.ts";
import type { HostFacts } from "./facts.ts";
import { joinMissing } from "./join-missing.ts";
import { addUndo, type Kept } from "./kept.ts";
import { updateLimits } from "./update.ts";

const because = "/linux/resources";

/** Gives a container that lives other limits; see `updateCgroups`. */
export async function updateLive(live: Live, resources: SpecResources): Promise<void> {
  const { folder, native, cgroupPath } = live;
  const open = () => openExecutor(native);
  await joinMissing(live, resources, open, (joined) => {
    const added = joined.slice(live.cgroups.length);
    const hierarchies = added.map(({ path }) => path.slice(0, -cgroupPath.length));
    addUndo(
      folder,
      hierarchies.map((hierarchy) => ({ kind: "removeCgroup", hierarchy, path: cgroupPath, because })),
    );
    live.cgroups = joined;
  });
  await updateLimits(live.cgroups, resources, open);
}

/** Those that an update has added before the engine that did so ended. */
export function joinedLater({ cgroupPath, cgroups }: Kept, { hierarchies }: HostFacts): CgroupFolder[] {
  return hierarchies.list
    .map(({ version, mount, controllers }) => ({ version, path: mount + cgroupPath, controllers }))
    .filter(({ path }) => cgroups.every((known) => known.path !== path) && existsSync(path));
}
