import { restartSteps } from "../../../compose/converge/life.ts";
import { flag } from "../../options/option.ts";
import { ANY } from "../../verb.ts";
import { change } from "../state.ts";
import { composeVerb } from "../verb.ts";
import { timeout, within } from "./stop.ts";

export const restart = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: { "no-deps": flag("Without those that restart with what they depend on"), timeout },
  args: [0, ANY],
  async run(app, { options, args: services }) {
    const dependencies = !options["no-deps"];
    await change(app, services, "restart", ({ project, actual }) =>
      restartSteps(project, actual, { services, dependencies, ...within(options) }),
    );
    return 0;
  },
});
