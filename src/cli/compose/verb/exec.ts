import { flag, list, read, text } from "../../options/option.ts";
import { integer } from "../../options/readers.ts";
import { isTerminal } from "../../terminal/output.ts";
import { exec as execIn } from "../../verb/exec.ts";
import { ANY } from "../../verb.ts";
import { running } from "../pick.ts";
import { composeVerb } from "../verb.ts";

export const exec = composeVerb({
  usage: "[OPTIONS] SERVICE COMMAND [ARG...]",
  options: {
    detach: flag("Leave it in the background", { short: "d" }),
    env: list("NAME[=VALUE]", "Set an environment variable", { short: "e" }),
    index: read("NUMBER", integer, "Which of its containers"),
    "no-tty": flag("No terminal, even where there is one", { short: "T" }),
    "no-TTY": flag("As --no-tty", { hidden: true }),
    interactive: flag("Keep standard input open (default true)", { short: "i", default: true, hidden: true }),
    tty: flag("Give it a terminal (default where this is one)", { short: "t", default: true, hidden: true }),
    privileged: flag("All capabilities"),
    user: text("USER[:GROUP]", "The user, by name or number", { short: "u" }),
    workdir: text("FOLDER", "The working directory inside", { short: "w" }),
  },
  args: [2, ANY],
  firstArgumentEndsOptions: true,
  examples: ["inro compose exec db psql -U postgres", "inro compose exec -T db pg_dump app > app.sql"],
  cannotRehearse: true,
  async run(app, { options, args: [service = "", ...command], given, verb }) {
    const { id } = await running(app, service, options.index);
    const { env, detach, interactive, user, workdir, privileged } = options;
    const wanted = options.tty && !options["no-tty"] && !options["no-TTY"];
    const tty = wanted && !detach && isTerminal(0) && isTerminal(1);
    return execIn.run(app.context, {
      ...{ args: [id, ...command], given, verb },
      options: {
        ...{ interactive: interactive && !detach, tty, detach, env, user, workdir, privileged },
        ...{ "env-file": [], "detach-keys": undefined },
      },
    });
  },
});
