import type { Invocation } from "./commands.ts";
import { stateOf } from "./status.ts";
import { checkContainerId, readStored } from "./store.ts";

/** runtime.md, "Query State". */
export async function stateCommand({ root, operands, caller }: Invocation): Promise<number> {
  const stored = readStored(root, checkContainerId(operands[0]));
  await caller.print(`${JSON.stringify({ ...stateOf(root, stored), owner: "" }, undefined, 2)}\n`);
  return 0;
}
