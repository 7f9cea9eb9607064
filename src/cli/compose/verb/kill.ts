import { killSteps } from "../../../compose/converge/life.ts";
import { flag, text } from "../../options/option.ts";
import { err } from "../../terminal/output.ts";
import { ANY } from "../../verb.ts";
import { change } from "../state.ts";
import { composeVerb } from "../verb.ts";

export const kill = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    signal: text("SIGNAL", "A name or a number (default SIGKILL)", { short: "s" }),
    "remove-orphans": flag("Remove containers of services that the file does not have"),
  },
  args: [0, ANY],
  async run(app, { options, args: services }) {
    const signal = options.signal ?? "SIGKILL";
    const steps = await change(app, services, "kill", ({ project, actual }) =>
      killSteps(project, actual, { services, signal }),
    );
    if (steps.length === 0) err("no container to kill\n");
    if (options["remove-orphans"]) {
      const { removeOrphans } = await import("../orphans.ts");
      await removeOrphans(app);
    }
    return 0;
  },
});
