import { UsageError } from "../../options/usage-error.ts";
import { ANY } from "../../verb.ts";
import { scaleOf } from "../scale.ts";
import { make } from "../up.ts";
import { composeVerb } from "../verb.ts";
import { makeOptions } from "./up.ts";

export const create = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: makeOptions,
  args: [0, ANY],
  async run(app, { options, args: services }) {
    if (options["force-recreate"] && options["no-recreate"])
      throw new UsageError("--force-recreate and --no-recreate exclude each other", 1);
    if (options.build && options["no-build"])
      throw new UsageError("--build and --no-build exclude each other", 1);
    const scale = scaleOf(options.scale);
    const asked = { ...options, scale, "no-start": true };
    await make(app, await app.project(services, { needs: { counts: scale } }), {
      services,
      options: asked,
      verb: "create",
    });
    return 0;
  },
});
