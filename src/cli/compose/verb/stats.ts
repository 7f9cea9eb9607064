import { flag, text } from "../../options/option.ts";
import { stats as statsOf } from "../../verb/stats.ts";
import { ANY } from "../../verb.ts";
import { runs } from "../members.ts";
import { composeVerb } from "../verb.ts";

export const stats = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    all: flag("Those that do not run, too", { short: "a" }),
    "no-stream": flag("Once, not live"),
    "no-trunc": flag("Ids in full"),
    format: text("TEMPLATE", "table, json, or a Go template: '{{.Name}} {{.CPUPerc}}'"),
  },
  args: [0, ANY],
  async run(app, { options, args, given, verb }) {
    const all = (await app.members(args)).filter((one) => options.all || runs(one));
    if (all.length === 0) return 0;
    const names = all.map(({ name }) => name);
    return statsOf.run(app.context, { options, args: names, given, verb });
  },
});
