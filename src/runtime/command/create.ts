import type { Invocation } from "./commands.ts";
import { launch } from "./launch.ts";

/** runtime.md, "Create": everything is applied but the program, which waits for `start`. */
export async function createCommand(invocation: Invocation): Promise<number> {
  using _ = (await launch(invocation, "gated")).executor;
  return 0;
}
