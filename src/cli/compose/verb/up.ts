import { flag, list, read, text } from "../../options/option.ts";
import { integer } from "../../options/readers.ts";
import { UsageError } from "../../options/usage-error.ts";
import { ANY } from "../../verb.ts";
import { scaleOf } from "../scale.ts";
import { composeVerb } from "../verb.ts";

const made = { group: "What is made" };
const images = { group: "Images" };
const output = { group: "Output" };

/** Of `up` and `create`. */
export const makeOptions = {
  "force-recreate": flag("Make containers anew even where nothing changed", made),
  "no-recreate": flag("Leave containers that are there, whatever changed", made),
  scale: list("SERVICE=NUMBER", "How many containers of a service", made),
  "remove-orphans": flag("Remove containers of services that the file does not have", made),
  yes: flag("Docker's: nothing is asked", { ...made, short: "y", hidden: true }),
  build: flag("Build images first, whether or not they are there", images),
  "no-build": flag("Build none, even where one is missing", images),
  pull: text("WHEN", "always, missing, never, build (default: as each service says)", {
    ...images,
    words: ["always", "missing", "never", "build"],
  }),
  "quiet-pull": flag("Pull without progress", images),
  "quiet-build": flag("Build without progress", images),
};

export const up = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    detach: flag("Leave it in the background", { short: "d" }),
    wait: flag("Until all run, and are healthy where they say how; implies -d"),
    "wait-timeout": read("SECONDS", integer, "How long at most"),
    "abort-on-container-exit": flag("Stop everything when one ends"),
    "abort-on-container-failure": flag("Stop everything when one ends with another exit code than 0"),
    "exit-code-from": text("SERVICE", "End with this service's exit code; implies --abort-on-container-exit"),
    timeout: read("SECONDS", integer, "How long containers have to stop", { short: "t" }),
    ...makeOptions,
    "no-deps": flag("Leave alone what services depend on", made),
    "no-start": flag("Make, and do not start", made),
    "always-recreate-deps": flag("Make anew what services depend on, too", made),
    "renew-anon-volumes": flag("New volumes without a name instead of those that there are", {
      ...made,
      short: "V",
    }),
    attach: list("SERVICE", "Show only what these write", output),
    "no-attach": list("SERVICE", "Do not show what these write", output),
    "attach-dependencies": flag("Show what dependencies write, too", output),
    timestamps: flag("Begin each line with its time", output),
    "no-color": flag("Without colours", output),
    "no-log-prefix": flag("Without the container's name before each line", output),
    menu: flag("Docker's: there is no menu", { ...output, hidden: true }),
    watch: flag("Docker's: still to come", { ...output, short: "w", hidden: true }),
  },
  args: [0, ANY],
  examples: [
    "inro compose up",
    "inro compose up -d --wait",
    "inro compose up -d --build --scale web=3",
    "inro compose --dry-run up",
  ],
  async run(app, { options, args, given }) {
    const together = (one: string, other: string) => {
      if (given.has(one) && given.has(other))
        throw new UsageError(`--${one} and --${other} exclude each other`, 1);
    };
    const aborts = given.has("exit-code-from") || options["abort-on-container-exit"];
    together("force-recreate", "no-recreate");
    together("always-recreate-deps", "no-recreate");
    together("build", "no-build");
    together("attach", "attach-dependencies");
    together("abort-on-container-exit", "abort-on-container-failure");
    const detached = options.detach || options.wait || options["no-start"];
    const foreground = [
      "abort-on-container-exit",
      "abort-on-container-failure",
      "exit-code-from",
      "attach",
      "attach-dependencies",
    ];
    const misplaced = foreground.find((name) => given.has(name));
    if (detached && misplaced !== undefined)
      throw new UsageError(`--${misplaced} is about what is shown, and with ${why(options)} nothing is`, 1);
    if (options.watch) throw new UsageError("--watch is not part of inro yet", 1);
    const { bringUp } = await import("../up.ts");
    return bringUp(app, {
      services: args,
      options: { ...options, scale: scaleOf(options.scale) },
      detached: detached || app.options["dry-run"],
      abortsOn: aborts ? "exit" : options["abort-on-container-failure"] ? "failure" : "nothing",
    });
  },
});

const why = ({ detach, wait }: { readonly detach: boolean; readonly wait: boolean }) =>
  detach ? "-d" : wait ? "--wait" : "--no-start";
