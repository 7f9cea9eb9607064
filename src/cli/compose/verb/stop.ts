import { stopSteps } from "../../../compose/converge/life.ts";
import { read } from "../../options/option.ts";
import { integer } from "../../options/readers.ts";
import { ANY } from "../../verb.ts";
import { change } from "../state.ts";
import { composeVerb } from "../verb.ts";

export const timeout = read("SECONDS", integer, "How long a container has to stop before SIGKILL", {
  short: "t",
});

export const stop = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: { timeout },
  args: [0, ANY],
  async run(app, { options, args: services }) {
    await change(app, services, "stop", ({ project, actual }) =>
      stopSteps(project, actual, { services, ...within(options) }),
    );
    return 0;
  },
});

/** Left out where nobody asked for it. */
export const within = ({ timeout }: { readonly timeout: number | undefined }) =>
  timeout === undefined ? {} : { timeout };
