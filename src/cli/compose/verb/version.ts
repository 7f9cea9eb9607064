import manifest from "../../../../package.json" with { type: "json" };
import { flag, text } from "../../options/option.ts";
import { UsageError } from "../../options/usage-error.ts";
import { out } from "../../terminal/output.ts";
import { composeVerb } from "../verb.ts";

export const version = composeVerb({
  usage: "[OPTIONS]",
  options: {
    format: text("FORMAT", "pretty (default) or json", { short: "f", words: ["pretty", "json"] }),
    short: flag("The number only"),
  },
  args: [0, 0],
  async run(_app, { options: { format = "pretty", short } }) {
    if (format !== "pretty" && format !== "json")
      throw new UsageError(`cannot use "${format}" for --format: there are pretty, json`, 1);
    if (short) out(`${manifest.version}\n`);
    else if (format === "json") out(`${JSON.stringify({ version: manifest.version })}\n`);
    else out(`inro compose version ${manifest.version}\n`);
    return 0;
  },
});
