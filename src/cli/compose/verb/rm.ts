import { removeSteps } from "../../../compose/converge/life.ts";
import { flag } from "../../options/option.ts";
import { confirmed } from "../../terminal/confirm.ts";
import { err, out } from "../../terminal/output.ts";
import { ANY } from "../../verb.ts";
import { perform } from "../perform.ts";
import { stateOf } from "../state.ts";
import { composeVerb } from "../verb.ts";

export const rm = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    force: flag("Without asking", { short: "f" }),
    stop: flag("Stop those that run, and remove them too", { short: "s" }),
    volumes: flag("With volumes that have no name", { short: "v" }),
    all: flag("Docker's: those of run go, too, as they do anyway", { short: "a", hidden: true }),
  },
  args: [0, ANY],
  async run(app, { options: { force, stop, volumes }, args: services }) {
    const state = await stateOf(app, services);
    const { project, actual } = state;
    const steps = removeSteps(project, actual, { services, stop, volumes });
    const names = steps.flatMap(({ action }) => (action.kind === "remove" ? action.container : []));
    if (names.length === 0) {
      err("No stopped containers\n");
      return 0;
    }
    const question = `Going to remove ${names.join(", ")}`;
    if (force || app.options["dry-run"]) out(`${question}\n`);
    else if (!confirmed(question)) return 0;
    await perform(app, { project: state.file, verb: "rm", plan: { steps, warnings: [] } });
    return 0;
  },
});
