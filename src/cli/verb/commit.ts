import { splitTag } from "../images.ts";
import { flag, list, text } from "../options/option.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const commit = verb({
  usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  options: {
    author: text("NAME", "Who made the image", { short: "a" }),
    change: list("INSTRUCTION", 'A Dockerfile\'s instruction: CMD ["nginx"]', { short: "c" }),
    message: text("TEXT", "What the image is for, shown by history", { short: "m" }),
    pause: flag("Hold the container still meanwhile (default true)", { short: "p", default: true }),
    "no-pause": flag("Let it go on meanwhile"),
  },
  args: [1, 2],
  examples: ["inro commit web app:fixed", 'inro commit -c \'CMD ["/bin/app"]\' -m "with curl" web app'],
  async run({ client }, { options, args: [container = "", name] }) {
    const { fromImage: repo, tag } = name === undefined ? { fromImage: "", tag: "" } : splitTag(name);
    const { author, message: comment, change: changes } = options;
    const pause = options.pause && !options["no-pause"] ? "1" : "0";
    const query = { container, pause, repo, tag, author, comment, changes };
    const { Id } = await client.json<{ Id: string }>({ method: "POST", path: "/commit", query });
    out(`${Id}\n`);
    return 0;
  },
});
