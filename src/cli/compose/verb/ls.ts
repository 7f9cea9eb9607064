import { label } from "../../../compose/converge/labels.ts";
import { flag, list, text } from "../../options/option.ts";
import { UsageError } from "../../options/usage-error.ts";
import { filters, listing } from "../../print/listing.ts";
import { out } from "../../terminal/output.ts";
import type { Summary } from "../../verb/ps.ts";
import { composeVerb } from "../verb.ts";

const ALIVE: readonly string[] = ["running", "paused", "restarting"];

export const ls = composeVerb({
  usage: "[OPTIONS]",
  options: {
    all: flag("Those of which nothing runs, too", { short: "a" }),
    filter: list("name=TEXT", "Only those whose names hold this"),
    format: text("FORMAT", "table or json", { words: ["table", "json"] }),
    quiet: flag("Names only", { short: "q" }),
  },
  args: [0, 0],
  async run({ client }, { options }) {
    const { format = "table" } = options;
    if (format !== "table" && format !== "json")
      throw new UsageError(`cannot use "${format}" for --format: there are table, json`, 1);
    const names = (JSON.parse(filters(options.filter) || "{}") as { name?: readonly string[] }).name ?? [];
    const found = await client.json<readonly Summary[]>({
      method: "GET",
      path: "/containers/json",
      query: { all: true, filters: JSON.stringify({ label: [label.project] }) },
    });
    const projects = Map.groupBy(found, ({ Labels }) => Labels?.[label.project] ?? "");
    const rows = [...projects]
      .map(([name, all]) => ({ Name: name, Status: status(all), ConfigFiles: files(all), all }))
      .filter(({ all }) => options.all || all.some(({ State }) => ALIVE.includes(State)))
      .filter(({ Name }) => names.length === 0 || names.some((part) => Name.includes(part)))
      .sort((a, b) => a.Name.localeCompare(b.Name))
      .map(({ all: _, ...row }) => row);
    if (options.quiet) out(rows.map(({ Name }) => `${Name}\n`).join(""));
    else if (format === "json") out(`${JSON.stringify(rows)}\n`);
    else out(listing(table, rows, { format: undefined, quiet: false }));
    return 0;
  },
});

const table = {
  quiet: "Name",
  columns: ["Name", "Status", "ConfigFiles"],
  titles: { Name: "NAME", Status: "STATUS", ConfigFiles: "CONFIG FILES" },
};

/** `exited(1), running(2)`. */
function status(all: readonly Summary[]): string {
  const states = Map.groupBy(all, ({ State }) => State);
  return [...states]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([state, own]) => `${state}(${own.length})`)
    .join(", ");
}

function files(all: readonly Summary[]): string {
  const each = all.flatMap(({ Labels }) => Labels?.[label.files]?.split(",") ?? []);
  return [...new Set(each)].join(",") || "N/A";
}
