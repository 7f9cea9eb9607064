import { pauseSteps, unpauseSteps } from "../../../compose/converge/life.ts";
import { ANY } from "../../verb.ts";
import { change } from "../state.ts";
import { composeVerb } from "../verb.ts";

const verbOf = (name: string, steps: typeof pauseSteps) =>
  composeVerb({
    usage: "[SERVICE...]",
    options: {},
    args: [0, ANY],
    async run(app, { args: services }) {
      await change(app, services, name, ({ project, actual }) => steps(project, actual, { services }));
      return 0;
    },
  });

export const pause = verbOf("pause", pauseSteps);
export const unpause = verbOf("unpause", unpauseSteps);
