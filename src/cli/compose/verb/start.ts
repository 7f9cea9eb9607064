import { startSteps } from "../../../compose/converge/life.ts";
import { flag, read } from "../../options/option.ts";
import { integer } from "../../options/readers.ts";
import { ANY } from "../../verb.ts";
import { change } from "../state.ts";
import { composeVerb } from "../verb.ts";

export const start = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    wait: flag("Until all run, and are healthy where they say how"),
    "wait-timeout": read("SECONDS", integer, "How long at most"),
  },
  args: [0, ANY],
  async run(app, { options: { wait, "wait-timeout": waitTimeout }, args: services }) {
    await change(app, services, "start", ({ project, actual }) =>
      startSteps(project, actual, { services, wait, ...(waitTimeout === undefined ? {} : { waitTimeout }) }),
    );
    return 0;
  },
});
