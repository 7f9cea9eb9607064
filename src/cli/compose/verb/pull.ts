import { flag, text } from "../../options/option.ts";
import { UsageError } from "../../options/usage-error.ts";
import { ANY } from "../../verb.ts";
import { pullImages } from "../images/several.ts";
import { composeVerb } from "../verb.ts";

export const pull = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    "ignore-buildable": flag("Not those that can be built"),
    "ignore-pull-failures": flag("Pull what can be pulled"),
    "include-deps": flag("What services depend on, too"),
    policy: text("WHEN", "missing, or always (default)", { words: ["missing", "always"] }),
    quiet: flag("Without progress", { short: "q" }),
  },
  args: [0, ANY],
  async run(app, { options, args: services }) {
    const { policy = "always" } = options;
    if (policy !== "always" && policy !== "missing")
      throw new UsageError(`cannot use "${policy}" for --policy: there are missing, always`, 1);
    await pullImages(app, await app.project(services), {
      ...{ services, dependencies: options["include-deps"], quiet: options.quiet, policy },
      ignoreFailures: options["ignore-pull-failures"],
      buildable: !options["ignore-buildable"],
    });
    return 0;
  },
});
