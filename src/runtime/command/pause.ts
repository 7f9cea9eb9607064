import { setFrozen } from "../../kernel/cgroup/freezer.ts";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";
import { needCgroups, type Status, statusOf } from "./status.ts";
import { checkContainerId, readStored } from "./store.ts";

/** Holds every process of a container where it stands, the one that waits for its start too. */
export function pauseCommand(invocation: Invocation): Promise<number> {
  return freeze(invocation, true, ["created", "running"], {
    code: "NOT_RUNNING",
    what: "pause",
    why: "container not running",
  });
}

export function resumeCommand(invocation: Invocation): Promise<number> {
  return freeze(invocation, false, ["paused"], {
    code: "NOT_PAUSED",
    what: "resume",
    why: "container not paused",
  });
}

interface Refusal {
  readonly code: string;
  readonly what: string;
  readonly why: string;
}

async function freeze(
  { root, operands }: Invocation,
  frozen: boolean,
  allowed: readonly Status[],
  { code, what, why }: Refusal,
): Promise<number> {
  const stored = readStored(root, checkContainerId(operands[0]));
  const status = statusOf(root, stored);
  if (!allowed.includes(status)) {
    throw new InroError(code, {
      what: `cannot ${what} the container "${stored.id}"`,
      why: `${why}: it is ${status}`,
    });
  }
  await setFrozen(needCgroups(stored, what), frozen);
  return 0;
}
