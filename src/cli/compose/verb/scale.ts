import { flag } from "../../options/option.ts";
import { ANY } from "../../verb.ts";
import { scaleOf } from "../scale.ts";
import { make } from "../up.ts";
import { composeVerb } from "../verb.ts";

export const scale = composeVerb({
  usage: "[OPTIONS] SERVICE=NUMBER...",
  options: { "no-deps": flag("Leave alone what services depend on") },
  args: [1, ANY],
  examples: ["inro compose scale web=3 worker=2"],
  async run(app, { options, args }) {
    const wanted = scaleOf(args);
    const services = Object.keys(wanted);
    await make(app, await app.project(services, { needs: { counts: wanted } }), {
      ...{ services, verb: "scale" },
      options: {
        ...{ "no-deps": options["no-deps"], scale: wanted, "no-recreate": false, "force-recreate": false },
        ...{ "remove-orphans": false, build: false, "no-build": false, pull: undefined, "quiet-pull": false },
      },
    });
    return 0;
  },
});
