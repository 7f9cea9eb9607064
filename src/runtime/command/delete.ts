import { existsSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";
import { destroy } from "./destroy.ts";
import { statusOf } from "./status.ts";
import { checkContainerId, folderOf, readStored } from "./store.ts";
import type { StoredContainer } from "./stored.ts";

/** runtime.md, "Delete": what `create` made goes; it is an error when the container is not stopped, unless forced. */
export async function deleteCommand(invocation: Invocation): Promise<number> {
  const { root, operands, flags } = invocation;
  const id = checkContainerId(operands[0]);
  const force = flags.has("force");
  const stored = await find(invocation, id);
  if (stored === undefined) return 0;
  const status = statusOf(root, stored);
  // One that stands at its gate has run nothing of the image yet: containerd and podman delete it as it is.
  if (status !== "stopped" && status !== "created" && !force) {
    throw new InroError("NOT_STOPPED", {
      what: `cannot delete the container "${id}"`,
      why: `it is ${status}`,
      hint: "kill it first, or delete it with --force",
    });
  }
  await destroy(invocation, stored);
  return 0;
}

/** Forced, an unknown container is done already, and what is left of one without a readable state is taken away. */
async function find(invocation: Invocation, id: string): Promise<StoredContainer | undefined> {
  const { root, flags } = invocation;
  try {
    return readStored(root, id);
  } catch (cause) {
    if (!flags.has("force")) throw cause;
    if (existsSync(folderOf(root, id))) await (await import("./salvage.ts")).salvage(invocation, id);
    return undefined;
  }
}
