import { flag, list, text } from "../../options/option.ts";
import { ANY } from "../../verb.ts";
import { composeVerb } from "../verb.ts";

const network = { group: "Network" };
const security = { group: "Security" };

export const run = composeVerb({
  usage: "[OPTIONS] SERVICE [COMMAND] [ARG...]",
  options: {
    detach: flag("Leave it in the background and print its name", { short: "d" }),
    rm: flag("Remove it when it ends"),
    name: text("NAME", "The container's name"),
    env: list("NAME[=VALUE]", "Set an environment variable", { short: "e" }),
    entrypoint: text("COMMAND", "What is started instead of the image's entrypoint"),
    user: text("USER[:GROUP]", "The user, by name or number", { short: "u" }),
    workdir: text("FOLDER", "The working directory inside", { short: "w" }),
    label: list("KEY[=VALUE]", "Set a label", { short: "l" }),
    volume: list("SRC:DST[:ro]", "Mount a folder of the host, or a volume", { short: "v" }),
    "no-tty": flag("No terminal, even where there is one", { short: "T" }),
    "no-TTY": flag("As --no-tty", { hidden: true }),
    interactive: flag("Keep standard input open (default true)", { short: "i", default: true, hidden: true }),
    tty: flag("Give it a terminal (default where this is one)", { short: "t", default: true, hidden: true }),
    "no-deps": flag("Do not start what the service depends on"),
    build: flag("Build the image first"),
    pull: text("WHEN", "always, missing, never (default: as the service says)", {
      words: ["always", "missing", "never"],
    }),
    quiet: flag("Without progress", { short: "q" }),
    "quiet-pull": flag("Pull without progress"),
    "quiet-build": flag("Build without progress"),
    "remove-orphans": flag("Remove containers of services that the file does not have"),
    publish: list("[IP:]HOST:CTR[/udp]", "Publish a port", { ...network, short: "p" }),
    "service-ports": flag("Publish the service's ports", { ...network, short: "P" }),
    "use-aliases": flag("Answer to the service's names on its networks", network),
    "cap-add": list("CAPABILITY", "Add a capability", security),
    "cap-drop": list("CAPABILITY", "Drop a capability", security),
  },
  args: [1, ANY],
  firstArgumentEndsOptions: true,
  examples: ["inro compose run --rm web sh", "inro compose run --rm -T db pg_dump app > app.sql"],
  async run(app, { options, args: [service = "", ...command] }) {
    const { runOnce } = await import("../run.ts");
    return runOnce(app, service, command, options);
  },
});
