import { statSync } from "node:fs";
import { at, type Client } from "../../client/client.ts";
import { copyInto } from "../copy/into.ts";
import { copyOut } from "../copy/out-of.ts";
import { absolute, followed, isDirectory, statPath } from "../copy/stat.ts";
import { flag } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { isTerminal } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export const cp = verb({
  usage: "[OPTIONS] CONTAINER:SOURCE... TARGET|-  or  SOURCE|-... CONTAINER:TARGET",
  options: {
    archive: flag("Keep owners and groups", { short: "a" }),
    "follow-link": flag("Copy what a link stands for", { short: "L" }),
    quiet: flag("Without meaning here", { short: "q", hidden: true }),
  },
  args: [2, ANY],
  examples: [
    "inro cp web:/etc/nginx ./nginx",
    "inro cp ./site/. web:/srv",
    "inro cp 'web:/var/log/*.log' db:/etc/hosts ./logs",
    "inro cp web:/var/log - | tar t",
  ],
  async run({ client }, { options, args }) {
    const [target = "", sources] = [args.at(-1), args.slice(0, -1)];
    const how = { archive: options.archive, followLink: options["follow-link"] };
    const to = split(target);
    const from = sources.map(split);
    if (from.some((one) => (one === undefined) === (to === undefined)))
      throw new UsageError("exactly one side names a container, as CONTAINER:PATH", 1);
    if (to !== undefined) {
      if (sources.length > 1) await refuseUnlessFolder(client, to);
      for (const source of sources) await copyInto(client, source, to, how);
      return 0;
    }
    const found = (
      await Promise.all(from.map((one) => (one === undefined ? [] : expanded(client, one))))
    ).flat();
    const several = found.length > 1 || found[0]?.path !== from[0]?.path;
    if (target === "-" && (several || isTerminal(1)))
      throw new UsageError(
        several ? "one tar holds one source only" : "a tar is not written to a terminal: redirect the output",
        1,
      );
    if (several && statSync(target, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new UsageError(`cannot copy several sources to "${target}": there is no such folder`, 1);
    for (const source of found) await copyOut(client, source, target, how);
    return 0;
  },
});

interface Inside {
  readonly container: string;
  readonly path: string;
}

const isPattern = (path: string): boolean => /[*?[]/.test(path);

/** What a pattern means inside the container; a path that is there as it is written is itself. */
async function expanded(client: Client, inside: Inside): Promise<readonly Inside[]> {
  const { container, path } = inside;
  if (!isPattern(path) || (await statPath(client, container, path)) !== undefined) return [inside];
  const { Paths: paths } = await client.json<{ readonly Paths: readonly string[] }>({
    method: "GET",
    path: at`/inro/containers/${container}/glob`,
    query: { pattern: path },
  });
  if (paths.length === 0) throw new Error(`nothing in "${container}" is meant by "${path}"`);
  return paths.map((each) => ({ container, path: each }));
}

async function refuseUnlessFolder(client: Client, { container, path }: Inside): Promise<void> {
  const { stat } = await followed(client, container, absolute(path));
  if (stat !== undefined && isDirectory(stat)) return;
  throw new UsageError(`cannot copy several sources to "${path}": the container has no such folder`, 1);
}

/** A path that begins with `/` or `.` is this machine's, whatever colons it holds. */
function split(text: string): Inside | undefined {
  const colon = text.indexOf(":");
  if (text === "-" || /^[./]/.test(text) || colon < 0) return undefined;
  const [container, path] = [text.slice(0, colon), text.slice(colon + 1)];
  if (container === "" || path === "")
    throw new UsageError(`cannot use "${text}": write CONTAINER:PATH with both parts`, 1);
  return { container, path };
}
