import { at } from "../../../client/client.ts";
import { flag } from "../../options/option.ts";
import { exitCode } from "../../session/exit-code.ts";
import { out } from "../../terminal/output.ts";
import { ANY } from "../../verb.ts";
import { composeVerb } from "../verb.ts";

export const wait = composeVerb({
  usage: "[OPTIONS] SERVICE [SERVICE...]",
  options: { "down-project": flag("Take the application down when the first of them ends") },
  args: [1, ANY],
  async run(app, { options, args }) {
    const all = (await app.members(args)).filter(({ oneOff }) => !oneOff);
    if (all.length === 0)
      throw new Error(`no containers for project "${await app.name()}": nothing to wait for`);
    const { label, code } = await Promise.race(
      all.map(async ({ id, name, label }) => {
        const waiting = await app.client.send({ method: "POST", path: at`/containers/${id}/wait` });
        return { label, code: await exitCode(waiting, name) };
      }),
    );
    out(`container "${label}" exited with status code ${code}\n`);
    if (options["down-project"]) {
      const { takeDown } = await import("../down.ts");
      await takeDown(app, {});
    }
    return code;
  },
});
