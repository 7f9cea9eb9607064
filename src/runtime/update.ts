import type { CgroupSet } from "../kernel/cgroup/set.ts";
import { type ReplaceFilter, updateCgroups } from "../kernel/cgroup/update.ts";
import type { Op, OpOf } from "../kernel/plan/operations.ts";
import type { SpecResources } from "../oci/runtime-spec.ts";
import { failureOf } from "./failure.ts";
import type { Surveyor } from "./survey.ts";

/** A native process of one's own, for as long as one asks it something. */
export type OpenSurveyor = () => Surveyor & Disposable;

/**
 * Gives a container that lives other limits; see `updateCgroups`. `open` starts a native process, which only a change of
 * device rules on cgroup v2 needs: `() => openExecutor(native)`.
 */
export function updateLimits(set: CgroupSet, resources: SpecResources, open: OpenSurveyor): Promise<void> {
  return updateCgroups(set, resources, replaceFilterBy(open));
}

const at = "/linux/resources/devices";

/** A filter is attached by the native program: bpf(2) takes descriptors and pointers. */
function replaceFilterBy(open: OpenSurveyor): ReplaceFilter {
  return async (path, program) => {
    using surveyor = open();
    const ops: readonly Op[] = [
      { kind: "openCgroup", out: 0, hierarchy: path, path: "", because: at },
      { kind: "replaceDeviceFilter", cgroup: 0, program, because: at },
    ];
    const failed = (await surveyor.batch(ops)).find(({ errno }) => errno !== 0);
    if (failed !== undefined) throw failureOf(ops[failed.index] as OpOf<"openCgroup">, failed, "");
  };
}
