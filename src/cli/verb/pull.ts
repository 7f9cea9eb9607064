import { pullImage } from "../images.ts";
import { flag, text } from "../options/option.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const pull = verb({
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  options: {
    platform: text("OS/ARCH", "The platform to choose"),
    quiet: flag("Print the image's name only", { short: "q" }),
    "disable-content-trust": flag("Without meaning here", { hidden: true, default: true }),
  },
  args: [1, 1],
  examples: ["inro pull debian:bookworm", "inro pull 127.0.0.1:5000/debian"],
  async run({ client }, { options, args: [name = ""] }) {
    await pullImage(client, name, { platform: options.platform, quiet: options.quiet, to: "stdout" });
    if (options.quiet) out(`${name}\n`);
    return 0;
  },
});
