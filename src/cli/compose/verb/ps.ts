import { label } from "../../../compose/converge/labels.ts";
import { flag, list, text } from "../../options/option.ts";
import { UsageError } from "../../options/usage-error.ts";
import { type Listing, listing, type Row } from "../../print/listing.ts";
import { out } from "../../terminal/output.ts";
import { row, spec } from "../../verb/ps.ts";
import { ANY } from "../../verb.ts";
import type { Member } from "../members.ts";
import { composeVerb } from "../verb.ts";

const STATES = ["paused", "restarting", "removing", "running", "dead", "created", "exited"] as const;
const ALIVE: readonly string[] = ["running", "paused", "restarting"];

export const ps = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    all: flag("Those that do not run, and those of run, too", { short: "a" }),
    services: flag("Names of services only"),
    status: list("STATE", `Only those in a state: ${STATES.join(", ")}`, { words: STATES }),
    filter: list("status=STATE", "As --status"),
    format: text("TEMPLATE", "table, json, or a Go template: '{{.Name}} {{.Status}}'"),
    orphans: flag("Services that the file does not have, too (default true)", { default: true }),
    quiet: flag("Ids only", { short: "q" }),
    "no-trunc": flag("Commands and ids in full"),
  },
  args: [0, ANY],
  examples: ["inro compose ps -a", "inro compose ps --format json"],
  async run(app, { options, args }) {
    const states = [...options.status, ...options.filter.map(filtered)];
    const wrong = states.find((state) => !STATES.includes(state as never));
    if (wrong !== undefined)
      throw new UsageError(`cannot use "${wrong}" for --status: there are ${STATES.join(", ")}`, 1);
    const project = options.orphans ? undefined : await app.projectIfAny(args);
    const shown = (await app.members(args)).filter((one) => {
      if (project !== undefined && !project.services.has(one.service)) return false;
      if (states.length > 0) return states.includes(one.state);
      return options.all || (ALIVE.includes(one.state) && !one.oneOff);
    });
    if (options.services) {
      out([...new Set(shown.map(({ service }) => service))].map((name) => `${name}\n`).join(""));
      return 0;
    }
    const rows = shown.map((member) => rowOf(member, !options["no-trunc"] && !options.quiet));
    out(listing(table, rows, options));
    return 0;
  },
});

function filtered(entry: string): string {
  const [, state] = /^status=(.*)$/.exec(entry) ?? [];
  if (state === undefined) throw new UsageError(`cannot use "${entry}" for --filter: write status=STATE`, 1);
  return state;
}

const table: Listing = {
  ...spec,
  columns: ["Name", "Image", "Command", "Service", "RunningFor", "Status", "Ports"],
  cuts: ["Command", "RunningFor", "Image", "Ports", "Status"],
  titles: {
    ...spec.titles,
    Name: "NAME",
    Project: "PROJECT",
    Service: "SERVICE",
    Health: "HEALTH",
    ExitCode: "EXIT CODE",
    Publishers: "PUBLISHERS",
  },
};

function rowOf(member: Member, short: boolean): Row {
  const { summary } = member;
  const { HealthStatus, ...own } = row(summary, short);
  return {
    ...own,
    Health: HealthStatus ?? "",
    ExitCode: Number(/^Exited \((\d+)\)/.exec(summary.Status)?.[1] ?? 0),
    Name: member.name,
    Project: summary.Labels?.[label.project] ?? "",
    Publishers: member.ports.map(({ IP, PrivatePort, PublicPort, Type }) => ({
      URL: IP ?? "",
      TargetPort: PrivatePort,
      PublishedPort: PublicPort ?? 0,
      Protocol: Type,
    })),
    Service: member.service,
  };
}
