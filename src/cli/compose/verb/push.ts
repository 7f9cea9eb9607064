import { flag } from "../../options/option.ts";
import { ANY } from "../../verb.ts";
import { pushImages } from "../images/several.ts";
import { composeVerb } from "../verb.ts";

export const push = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    "ignore-push-failures": flag("Push what can be pushed"),
    "include-deps": flag("What services depend on, too"),
    quiet: flag("Without progress", { short: "q" }),
  },
  args: [0, ANY],
  async run(app, { options, args: services }) {
    await pushImages(app, await app.project(services), {
      ...{ services, dependencies: options["include-deps"], quiet: options.quiet },
      ignoreFailures: options["ignore-push-failures"],
    });
    return 0;
  },
});
