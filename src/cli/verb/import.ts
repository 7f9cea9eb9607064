import { splitTag } from "../images.ts";
import { opened } from "../input-file.ts";
import { list, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import type { ProgressLine } from "../print/progress.ts";
import { isTerminal, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const importTar = verb({
  usage: "[OPTIONS] FILE|URL|- [REPOSITORY[:TAG]]",
  options: {
    change: list("INSTRUCTION", 'A Dockerfile\'s instruction: CMD ["nginx"]', { short: "c" }),
    message: text("TEXT", "What the image is for, shown by history", { short: "m" }),
    platform: text("OS/ARCH", "The platform that it is for, if not this one"),
  },
  args: [1, 2],
  examples: ["inro import rootfs.tar.gz base:1", "inro export web | inro import -c 'CMD [\"sh\"]' - base"],
  async run({ client }, { options, args: [from = "", name] }) {
    if (from === "-" && isTerminal(0))
      throw new UsageError("there is nothing to read: name a file, or redirect one into it", 1);
    const isUrl = /^https?:\/\//.test(from);
    const { fromImage: repo, tag } = name === undefined ? { fromImage: "", tag: "" } : splitTag(name);
    const { message, platform, change: changes } = options;
    const query = { fromSrc: isUrl ? from : "-", repo, tag, message, platform, changes };
    const stream = isUrl ? undefined : from === "-" ? process.stdin : await opened(from);
    const body = stream === undefined ? {} : { stream, headers: { "content-type": "application/x-tar" } };
    for await (const line of client.values<ProgressLine>({
      method: "POST",
      path: "/images/create",
      query,
      ...body,
    })) {
      if (line.error !== undefined) throw new Error(line.error);
      out(`${line.status}\n`);
    }
    return 0;
  },
});
