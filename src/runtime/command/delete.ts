import { existsSync } from "node:fs";
import { killAll, processesOf, removeAll } from "../../kernel/cgroup/set.ts";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./main.ts";
import { statusOf } from "./status.ts";
import { checkContainerId, folderOf, forget, readStored, type StoredContainer } from "./store.ts";

/** runtime.md, "Delete": what `create` made goes; it is an error when the container is not stopped, unless forced. */
export async function deleteCommand({ root, operands, flags }: Invocation): Promise<number> {
  const id = checkContainerId(operands[0]);
  const force = flags.has("force");
  const stored = find(root, id, force);
  if (stored === undefined) return 0;
  const status = statusOf(root, stored);
  // One that stands at its gate has run nothing of the image yet: containerd and podman delete it as it is.
  if (status === "running" && !force) {
    throw new InroError("NOT_STOPPED", {
      what: `cannot delete the container "${id}"`,
      why: `it is ${status}`,
      hint: "kill it first, or delete it with --force",
    });
  }
  if (processesOf(stored.cgroups).length > 0) await killAll(stored.cgroups);
  await removeAll(stored.cgroups);
  forget(root, id);
  return 0;
}

/** Forced, an unknown container is done already, and what a broken-off create left is removed. */
function find(root: string, id: string, force: boolean): StoredContainer | undefined {
  try {
    return readStored(root, id);
  } catch (cause) {
    if (!force) throw cause;
    if (existsSync(folderOf(root, id))) forget(root, id);
    return undefined;
  }
}
