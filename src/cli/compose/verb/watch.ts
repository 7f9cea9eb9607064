import { UsageError } from "../../options/usage-error.ts";
import { ANY } from "../../verb.ts";
import { composeVerb } from "../verb.ts";

export const watch = composeVerb({
  usage: "[SERVICE...]",
  options: {},
  args: [0, ANY],
  async run() {
    throw new UsageError("it is not part of inro yet: inro compose up --build makes what changed", 1);
  },
});
