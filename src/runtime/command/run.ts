import { killAll, removeAll } from "../../kernel/cgroup/set.ts";
import { isLost } from "../../kernel/executor/failure.ts";
import { nativeArchitecture } from "../../kernel/seccomp/architecture.ts";
import { explained } from "../execute.ts";
import type { Invocation } from "./commands.ts";
import { destroy } from "./destroy.ts";
import { stayWith } from "./foreground.ts";
import { callPoststart, execute } from "./hooks.ts";
import { type Launched, launch } from "./launch.ts";
import { forget, readStored } from "./store.ts";
import type { StoredContainer } from "./stored.ts";

/** create and start in one; without --detach it stays, and ends as the container does. */
export async function runCommand(invocation: Invocation): Promise<number> {
  const detach = invocation.flags.has("detach");
  const launched = await launch(invocation, detach ? "detached" : "attached");
  using _ = launched.executor;
  return detach ? await leave(invocation, launched) : await attend(invocation, launched);
}

/** From here on it is like a container that was created and started. */
async function leave(invocation: Invocation, launched: Launched): Promise<number> {
  const { stored, executor } = launched;
  try {
    await executor.startAndLeave();
  } catch (cause) {
    throw await takenBack(invocation, launched, cause);
  }
  const failure = await callPoststart(invocation, stored);
  if (failure === undefined) return 0;
  await destroy(invocation, stored);
  throw failure;
}

/** When it has ended, its executor takes back what it made, and calls its poststop hooks. */
async function attend(invocation: Invocation, launched: Launched): Promise<number> {
  const { stored, executor, terminal } = launched;
  const started = async (): Promise<void> => {
    const failure = await callPoststart(invocation, stored);
    if (failure !== undefined) throw failure;
  };
  try {
    const code = await stayWith({ executor, terminal, started });
    if (!invocation.flags.has("keep")) await takeAway(invocation, stored);
    return code;
  } catch (cause) {
    throw await takenBack(invocation, launched, cause);
  }
}

async function takenBack(invocation: Invocation, launched: Launched, cause: unknown): Promise<unknown> {
  const { stored, executor, undo } = launched;
  await killAll(stored.cgroups);
  await executor.close();
  if (isLost(cause)) await execute(await invocation.native(), undo, false);
  if (!invocation.flags.has("keep")) await takeAway(invocation, stored);
  return explained(cause, nativeArchitecture());
}

/** Without a pid namespace of its own, others outlive its first process; `update` may have made it join more cgroups. */
async function takeAway({ root }: Invocation, { id }: StoredContainer): Promise<void> {
  const { cgroups } = readStored(root, id);
  await killAll(cgroups);
  await removeAll(cgroups);
  forget(root, id);
}
