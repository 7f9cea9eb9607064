import { flag, read } from "../../options/option.ts";
import { integer } from "../../options/readers.ts";
import { cp as copy } from "../../verb/cp.ts";
import { ANY } from "../../verb.ts";
import type { App } from "../app.ts";
import { composeVerb } from "../verb.ts";

export const cp = composeVerb({
  usage: "[OPTIONS] SERVICE:SOURCE... TARGET|-  or  SOURCE|-... SERVICE:TARGET",
  options: {
    archive: flag("Keep owners and groups", { short: "a" }),
    "follow-link": flag("Copy what a link stands for", { short: "L" }),
    index: read("NUMBER", integer, "Which of its containers (into a service: all)"),
    all: flag("Into the containers of run, too"),
  },
  args: [2, ANY],
  examples: ["inro compose cp web:/etc/nginx ./nginx", "inro compose cp ./site/. web:/srv"],
  cannotRehearse: true,
  async run(app, { options, args, given, verb }) {
    const [sources, target = ""] = [args.slice(0, -1), args.at(-1)];
    const { archive, "follow-link": followLink } = options;
    const how = { options: { archive, "follow-link": followLink, quiet: false }, given, verb };
    const to = split(target);
    if (to === undefined) {
      const from = await Promise.all(sources.map((one) => inside(app, one, options)));
      return copy.run(app.context, { ...how, args: [...from.map(([first]) => first ?? ""), target] });
    }
    for (const place of await inside(app, target, options)) {
      const status = await copy.run(app.context, { ...how, args: [...sources, place] });
      if (status !== 0) return status;
    }
    return 0;
  },
});

function split(text: string): { readonly service: string; readonly path: string } | undefined {
  const [, service, path] = /^([^./:][^:/]*):(.*)$/s.exec(text) ?? [];
  return service === undefined || path === undefined ? undefined : { service, path };
}

/** `CONTAINER:PATH` of each container that is meant; the text itself where it names none. */
async function inside(
  app: App,
  text: string,
  { index, all }: { readonly index: number | undefined; readonly all: boolean },
): Promise<readonly string[]> {
  const place = split(text);
  if (place === undefined) return [text];
  const { service, path } = place;
  const wanted = (await app.members([service])).filter(
    ({ number, oneOff }) => (all || !oneOff) && (index === undefined || index === 0 || number === index),
  );
  if (wanted.length === 0) throw new Error(`no container found for service "${service}"`);
  return wanted.map(({ name }) => `${name}:${path}`);
}
