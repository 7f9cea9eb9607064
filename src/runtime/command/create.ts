import { launch } from "./launch.ts";
import type { Invocation } from "./main.ts";

/** runtime.md, "Create": everything is applied but the program, which waits for `start`. */
export async function createCommand(invocation: Invocation): Promise<number> {
  await launch(invocation, true);
  return 0;
}
