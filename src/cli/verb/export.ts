import { at } from "../../client/client.ts";
import { text } from "../options/option.ts";
import { refuseTerminal, writeOutput } from "../output-file.ts";
import { verb } from "../verb.ts";

export const exportFiles = verb({
  usage: "[OPTIONS] CONTAINER",
  options: { output: text("FILE", "Write to a file instead of standard output", { short: "o" }) },
  args: [1, 1],
  examples: ["inro export web -o web.tar"],
  async run({ client }, { options, args: [name = ""] }) {
    refuseTerminal(options.output);
    const { body } = await client.send({ method: "GET", path: at`/containers/${name}/export` });
    await writeOutput(body, options.output);
    return 0;
  },
});
