import { writeSync } from "node:fs";
import type { Invocation } from "./commands.ts";
import { stateOf } from "./status.ts";
import { checkContainerId, readStored } from "./store.ts";

/** runtime.md, "Query State". */
export function stateCommand({ root, operands }: Invocation): number {
  const stored = readStored(root, checkContainerId(operands[0]));
  writeSync(1, `${JSON.stringify({ ...stateOf(root, stored), owner: "" }, undefined, 2)}\n`);
  return 0;
}
