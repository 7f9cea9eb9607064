import { text } from "../options/option.ts";
import { refuseTerminal, writeOutput } from "../output-file.ts";
import { ANY, verb } from "../verb.ts";

export const save = verb({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  options: {
    output: text("FILE", "Write to a file instead of standard output", { short: "o" }),
    platform: text("OS/ARCH", "The one platform of each image"),
  },
  args: [1, ANY],
  examples: ["inro save -o images.tar debian:bookworm hello", "inro save hello | ssh there inro load"],
  async run({ client }, { options: { output, platform }, args }) {
    refuseTerminal(output);
    const query = { names: args, platform };
    const { body } = await client.send({ method: "GET", path: "/images/get", query });
    await writeOutput(body, output);
    return 0;
  },
});
