import { pullImage } from "../images.ts";
import { flag, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const pull = verb({
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  options: {
    platform: text("OS/ARCH", "The platform to choose"),
    "all-tags": flag("Every tag that the repository has", { short: "a" }),
    "all-platforms": flag("Every platform that there is, so that the whole index can be pushed"),
    quiet: flag("Print the image's name only", { short: "q" }),
    "disable-content-trust": flag("Without meaning here", { hidden: true, default: true }),
  },
  args: [1, 1],
  examples: ["inro pull debian:bookworm", "inro pull 127.0.0.1:5000/debian"],
  async run({ client }, { options, args: [name = ""] }) {
    const { platform, quiet, "all-platforms": allPlatforms, "all-tags": allTags } = options;
    if (platform !== undefined && allPlatforms)
      throw new UsageError("--platform and --all-platforms exclude each other", 1);
    if (allTags && /[:@]/.test(name.slice(name.lastIndexOf("/") + 1)))
      throw new UsageError("--all-tags takes a repository's name, without a tag or a digest", 1);
    await pullImage(client, name, { platform, allPlatforms, allTags, quiet, to: "stdout" });
    if (options.quiet) out(`${name}\n`);
    return 0;
  },
});
