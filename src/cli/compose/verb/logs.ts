import { flag, read, text } from "../../options/option.ts";
import { integer, moment } from "../../options/readers.ts";
import { out } from "../../terminal/output.ts";
import { ANY } from "../../verb.ts";
import { colours } from "../colours.ts";
import { follow, history, isAlive, listen } from "../logs/follow.ts";
import { printer } from "../logs/printer.ts";
import { composeVerb } from "../verb.ts";

export const logs = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    follow: flag("Go on, with containers that come, until none runs", { short: "f" }),
    index: read("NUMBER", integer, "Which of the service's containers"),
    since: read("TIME", moment, "From then on: 10m, 2026-11-24T10:00:00, or a Unix time"),
    until: read("TIME", moment, "Up to then"),
    tail: text("LINES", "Only the last lines of each container (default all)", { short: "n" }),
    timestamps: flag("Begin each line with its time", { short: "t" }),
    "no-color": flag("Without colours"),
    "no-log-prefix": flag("Without the container's name before each line"),
  },
  args: [0, ANY],
  examples: ["inro compose logs -f --tail 20", "inro compose logs --since 5m web"],
  async run(app, { options, args }) {
    const { since, until, tail, index } = options;
    const print = printer({
      prefix: !options["no-log-prefix"],
      timestamps: options.timestamps,
      paint: colours(app.options, options["no-color"]),
      write: out,
    });
    const project = await app.name();
    const listening = options.follow ? await listen(app.client, project) : undefined;
    const wants = (service: string, number: number) =>
      (args.length === 0 || args.includes(service)) && (!index || number === index);
    const wanted = async () =>
      (await app.members(args)).filter(({ oneOff, service, number }) => !oneOff && wants(service, number));
    const all = await wanted();
    const shown = await history(app.client, all, { since, until, tail }, print);
    if (listening === undefined) return 0;
    const over = new AbortController();
    const stopUnlessAnyLives = async () => {
      if (!(await wanted()).some(isAlive)) over.abort();
    };
    const following = follow(app.client, listening, all.filter(isAlive), {
      ...{ project, printer: print, shown, signal: over.signal, wants },
      ended: () => void stopUnlessAnyLives(),
    });
    await stopUnlessAnyLives();
    await following;
    return 0;
  },
});
