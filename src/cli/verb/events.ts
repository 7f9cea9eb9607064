import { list, read, text } from "../options/option.ts";
import { moment } from "../options/readers.ts";
import { filters } from "../print/listing.ts";
import { formatTemplate } from "../template/template.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> | null };
  /** Beyond what a number holds exactly: see client/json.ts. */
  readonly timeNano: number | bigint;
  readonly time: number;
}

export const events = verb({
  usage: "[OPTIONS]",
  options: {
    filter: list("KEY=VALUE", "Only those that fit: type=container, event=die, container=web", {
      short: "f",
    }),
    since: read("TIME", moment, "From then on: 10m, 2026-11-24T10:00:00, or a Unix time"),
    until: read("TIME", moment, "Up to then; without it they go on"),
    format: text("TEMPLATE", "json, or a Go template: '{{.Type}} {{.Action}}'"),
  },
  args: [0, 0],
  async run({ client }, { options }) {
    const query = { since: options.since, until: options.until, filters: filters(options.filter) };
    const wanted = options.format === "json" ? "{{json .}}" : options.format;
    const print: (event: Event) => string = wanted === undefined ? line : formatTemplate(wanted);
    for await (const event of client.values<Event>({ method: "GET", path: "/events", query }))
      out(`${print(event)}\n`);
    return 0;
  },
});

/** `2026-11-24T02:47:26.123456789Z container start 3b1f… (image=hello, name=web)`, as Docker has it. */
function line(event: Event): string {
  const attributes = Object.entries(event.Actor.Attributes ?? {}).map(([key, value]) => `${key}=${value}`);
  const rest = attributes.length > 0 ? ` (${attributes.sort().join(", ")})` : "";
  const nanoseconds = String(BigInt(event.timeNano) % 1_000_000_000n).padStart(9, "0");
  const time = `${new Date(event.time * 1000).toISOString().slice(0, 19)}.${nanoseconds}Z`;
  return `${time} ${event.Type} ${event.Action} ${event.Actor.ID}${rest}`;
}
