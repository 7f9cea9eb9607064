import { copyInto } from "../copy/into.ts";
import { copyOut } from "../copy/out-of.ts";
import { flag } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { isTerminal } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const cp = verb({
  usage: "[OPTIONS] CONTAINER:SOURCE TARGET|-  or  SOURCE|- CONTAINER:TARGET",
  options: {
    archive: flag("Keep owners and groups", { short: "a" }),
    "follow-link": flag("Copy what a link stands for", { short: "L" }),
    quiet: flag("Without meaning here", { short: "q", hidden: true }),
  },
  args: [2, 2],
  examples: ["inro cp web:/etc/nginx ./nginx", "inro cp ./site/. web:/srv", "inro cp web:/var/log - | tar t"],
  async run({ client }, { options, args: [source = "", target = ""] }) {
    const from = split(source);
    const to = split(target);
    const how = { archive: options.archive, followLink: options["follow-link"] };
    if ((from === undefined) === (to === undefined))
      throw new UsageError("exactly one side names a container, as CONTAINER:PATH", 1);
    if (from !== undefined) {
      if (target === "-" && isTerminal(1))
        throw new UsageError("a tar is not written to a terminal: redirect the output", 1);
      await copyOut(client, from, target, how);
    } else if (to !== undefined) await copyInto(client, source, to, how);
    return 0;
  },
});

/** A path that begins with `/` or `.` is this machine's, whatever colons it holds. */
function split(text: string): { container: string; path: string } | undefined {
  const colon = text.indexOf(":");
  if (text === "-" || /^[./]/.test(text) || colon < 0) return undefined;
  const [container, path] = [text.slice(0, colon), text.slice(colon + 1)];
  if (container === "" || path === "")
    throw new UsageError(`cannot use "${text}": write CONTAINER:PATH with both parts`, 1);
  return { container, path };
}
