import { opened } from "../input-file.ts";
import { flag, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { type ProgressLine, progress } from "../print/progress.ts";
import { isTerminal } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const load = verb({
  usage: "[OPTIONS]",
  options: {
    input: text("FILE", "Read it from a file instead of standard input", { short: "i" }),
    quiet: flag("Without progress", { short: "q" }),
    platform: text("OS/ARCH", "The one platform to take; all that the archive has otherwise"),
  },
  args: [0, 0],
  examples: ["inro load -i debian.tar", "docker save debian | inro load"],
  async run({ client }, { options }) {
    if (options.input === undefined && isTerminal(0))
      throw new UsageError("there is nothing to read: name a file with -i, or redirect one into it", 1);
    // As docker does: where nobody watches, only what came of it is told.
    const quiet = options.quiet || !isTerminal(1);
    const stream = options.input === undefined ? process.stdin : await opened(options.input);
    const lines = client.values<ProgressLine>({
      method: "POST",
      path: "/images/load",
      query: { quiet, platform: options.platform },
      headers: { "content-type": "application/x-tar" },
      stream,
    });
    const view = progress("stdout");
    for await (const line of lines) if (!quiet || line.stream !== undefined || line.error) view.show(line);
    view.end();
    return 0;
  },
});
