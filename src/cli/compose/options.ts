import { flag, list, read, text, type Values } from "../options/option.ts";
import { integer } from "../options/readers.ts";

const group = { group: "The application" };

/** What every verb of compose understands, before the verb or after it. Docker's, and its variables' meanings. */
export const composeOptions = {
  file: list("FILE", "A Compose file, or several that are merged (default compose.yaml, upwards from here)", {
    ...group,
    short: "f",
  }),
  "project-name": text("NAME", "Its name (default: the file's `name`, or its folder's)", {
    ...group,
    short: "p",
  }),
  "project-directory": text(
    "FOLDER",
    "What relative paths stand against (default: the first file's folder)",
    {
      ...group,
    },
  ),
  "env-file": list("FILE", "Variables for the file, instead of .env", group),
  profile: list("NAME", "Turn a profile on", group),
  parallel: read("NUMBER", integer, "How many things are done at once; -1 for as many as there are", group),
  progress: text("HOW", "auto (default), tty, plain, json, quiet", {
    ...group,
    words: ["auto", "tty", "plain", "json", "quiet"],
  }),
  ansi: text("WHEN", "Colours and moving pictures: auto (default), always, never", {
    ...group,
    words: ["auto", "always", "never"],
  }),
  "dry-run": flag("Print the steps, and why each is there, and do none of them", group),
  explain: flag("With --dry-run: down to the kernel operations that set each container up", group),
  compatibility: flag("As docker-compose 1 named containers: with _", { ...group, hidden: true }),
  verbose: flag("Docker's; all that there is to say is said", { ...group, hidden: true }),
  "no-ansi": flag("As --ansi never", { ...group, hidden: true }),
  version: flag("As the verb version", { ...group, short: "v", hidden: true }),
};

export type ComposeValues = Values<typeof composeOptions>;
