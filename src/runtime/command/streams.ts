import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";

/**
 * A terminal's master goes to --console-socket when nobody stays to hold it, and only then.
 * @param detached whether this command ends before the program does
 */
export function checkConsole({ values }: Invocation, terminal: boolean, detached: boolean): void {
  const socket = values.get("console-socket");
  if (detached && terminal && socket === undefined) {
    throw new InroError("USAGE", {
      what: "cannot give the program a terminal",
      why: "no --console-socket is named to send it to",
      hint: 'name one, or set "terminal" to false',
      at: "/process/terminal",
    });
  }
  if (socket === undefined || (detached && terminal)) return;
  throw new InroError("USAGE", {
    what: `cannot use the console socket "${socket}"`,
    why: terminal ? "this command stays and holds the terminal itself" : "the program has no terminal",
    at: "--console-socket",
  });
}
