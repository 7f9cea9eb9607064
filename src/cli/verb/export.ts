import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { at } from "../client/client.ts";
import { text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { isTerminal, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const exportFiles = verb({
  usage: "[OPTIONS] CONTAINER",
  options: { output: text("FILE", "Write to a file instead of standard output", { short: "o" }) },
  args: [1, 1],
  examples: ["inro export web -o web.tar"],
  async run({ client }, { options, args: [name = ""] }) {
    if (options.output === undefined && isTerminal(1))
      throw new UsageError(
        "a tar is not written to a terminal: redirect the output, or name a file with -o",
        1,
      );
    const answer = await client.send({ method: "GET", path: at`/containers/${name}/export` });
    if (options.output !== undefined) await pipeline(answer.body, createWriteStream(options.output));
    else for await (const part of answer.body) out(part);
    return 0;
  },
});
