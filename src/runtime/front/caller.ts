import { executorOn } from "../../kernel/executor/executor.ts";
import type { Talk } from "../../kernel/executor/talk.ts";
import { InroError } from "../../oci/error.ts";
import { absolutePath } from "../../platform/absolute-path.ts";
import type { Caller } from "../command/caller.ts";
import type { Request } from "./request.ts";

/** The caller behind a front: its streams are written by its own process, which becomes the executor too. */
export function callerOn(talk: Talk, { pid, cwd, env }: Request, native: () => Promise<string>): Caller {
  const output = (stream: 1 | 2) => (text: string) =>
    talk.tell("output", { stream, data: new TextEncoder().encode(text) });
  return {
    pid,
    env,
    path: (text) => {
      if (cwd !== "" || text.startsWith("/")) return absolutePath(cwd, text);
      throw new InroError("USAGE", {
        what: `cannot find "${text}"`,
        why: "the working directory was removed",
        hint: "name it by an absolute path",
      });
    },
    print: output(1),
    complain: output(2),
    read: async (descriptor) => (await talk.ask("take", { descriptor })).subarray(4),
    get isGone() {
      return talk.isOver;
    },
    executor: async (passed) => {
      await talk.tell("become", { program: await native(), passed });
      // The front goes on after that: it waits for its exit code. One that is lost has nothing at its gate any more.
      const close = () =>
        talk.ask("abandon", {}).then(
          () => {},
          () => {},
        );
      return executorOn(talk, { pid, hangUp: () => {}, close });
    },
  };
}
