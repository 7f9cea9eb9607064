import { readFileSync, writeFileSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { PATIENCE_MS, until } from "./patience.ts";
import { type CgroupFolder, type CgroupSet, freezerOf, unifiedWith } from "./set.ts";

/**
 * Stops or continues every process; resolves when the kernel says that all of them stand or go. CGROUP_FAILED when one
 * of them does not come to a stand: then all go on.
 */
export async function setFrozen(set: CgroupSet, frozen: boolean): Promise<void> {
  const unified = unifiedWith(set, "cgroup.freeze");
  const freezer = freezerOf(set);
  const done =
    unified !== undefined
      ? await until(frozenV2(unified, frozen))
      : freezer === undefined || (await until(frozenV1(freezer, frozen)));
  if (done) return;
  if (frozen) await setFrozen(set, false);
  throw new InroError("CGROUP_FAILED", {
    what: `cannot ${frozen ? "freeze" : "thaw"} the processes in ${(unified ?? freezer)?.path}`,
    why: `one of them did not ${frozen ? "come to a stand" : "go on"} within ${PATIENCE_MS / 1000} s`,
    hint: "a process that waits for a device cannot be stopped: try again",
  });
}

function frozenV2({ path }: CgroupFolder, frozen: boolean): () => boolean {
  writeFileSync(`${path}/cgroup.freeze`, frozen ? "1" : "0");
  return () => readFileSync(`${path}/cgroup.events`, "utf8").includes(`frozen ${frozen ? 1 : 0}`);
}

/** Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst: FREEZING until all stand; asked again, it tries again. */
function frozenV1({ path }: CgroupFolder, frozen: boolean): () => boolean {
  const state = frozen ? "FROZEN" : "THAWED";
  return () => {
    writeFileSync(`${path}/freezer.state`, state);
    return readFileSync(`${path}/freezer.state`, "utf8").trim() === state;
  };
}

export function isFrozen(set: CgroupSet): boolean {
  return set.some(({ path, version }) => {
    try {
      const file = version === 2 ? "cgroup.freeze" : "freezer.state";
      return /^(1|FROZEN|FREEZING)\n?$/.test(readFileSync(`${path}/${file}`, "utf8"));
    } catch {
      return false;
    }
  });
}
