import { pushImage, splitTag } from "../images.ts";
import { flag, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const push = verb({
  usage: "[OPTIONS] NAME[:TAG]",
  options: {
    "all-tags": flag("All tags that the repository has here", { short: "a" }),
    platform: text("OS/ARCH", "The one platform of a multi-platform image"),
    quiet: flag("Print the image's name only", { short: "q" }),
    "disable-content-trust": flag("Without meaning here", { hidden: true, default: true }),
  },
  args: [1, 1],
  examples: ["inro push registry.example.com/team/app:1.2", "inro push -a 127.0.0.1:5000/app"],
  async run({ client }, { options, args: [name = ""] }) {
    const { fromImage: repository, tag } = splitTag(name);
    const all = options["all-tags"];
    const isTagged = repository !== name;
    if (all && isTagged) throw new UsageError(`-a pushes every tag: leave ":${tag}" out`, 1);
    if (!all && !isTagged && !options.quiet) out("Using default tag: latest\n");
    const { platform, quiet } = options;
    await pushImage(client, name, { all, platform, quiet, to: "stdout" });
    if (quiet) out(`${all || isTagged ? name : `${name}:${tag}`}\n`);
    return 0;
  },
});
