import { flag, read, text } from "../../options/option.ts";
import { integer } from "../../options/readers.ts";
import { UsageError } from "../../options/usage-error.ts";
import { ANY } from "../../verb.ts";
import { composeVerb } from "../verb.ts";

export const down = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    volumes: flag("With its volumes: those that the file names, and those without a name", { short: "v" }),
    rmi: text("WHICH", "With images: all, or local, those that the file gives no name", {
      words: ["all", "local"],
    }),
    "remove-orphans": flag("With containers of services that the file does not have"),
    timeout: read("SECONDS", integer, "How long containers have to stop", { short: "t" }),
  },
  args: [0, ANY],
  async run(app, { options, args: services }) {
    const { rmi, volumes, timeout } = options;
    if (rmi !== undefined && rmi !== "all" && rmi !== "local")
      throw new UsageError(`cannot use "${rmi}" for --rmi: there are all, local`, 1);
    const { takeDown } = await import("../down.ts");
    await takeDown(app, {
      ...{ services, volumes, images: rmi ?? "none", orphans: options["remove-orphans"] },
      ...(timeout === undefined ? {} : { timeout }),
    });
    return 0;
  },
});
