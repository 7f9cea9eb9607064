import { label } from "../../../compose/converge/labels.ts";
import { flag, read } from "../../options/option.ts";
import { moment } from "../../options/readers.ts";
import { out } from "../../terminal/output.ts";
import { ANY } from "../../verb.ts";
import { composeVerb } from "../verb.ts";

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly time: number;
  readonly timeNano: number | bigint;
}

export const events = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    json: flag("A JSON object each"),
    since: read("TIME", moment, "From then on: 10m, 2026-11-24T10:00:00, or a Unix time"),
    until: read("TIME", moment, "Up to then; without it they go on"),
  },
  args: [0, ANY],
  async run(app, { options: { json, since, until }, args }) {
    if (args.length > 0) await app.members(args);
    const labels = [`${label.project}=${await app.name()}`];
    const query = { since, until, filters: JSON.stringify({ type: ["container"], label: labels }) };
    for await (const event of app.client.values<Event>({ method: "GET", path: "/events", query })) {
      const service = event.Actor.Attributes[label.service] ?? "";
      if (args.length > 0 && !args.includes(service)) continue;
      out(`${json ? JSON.stringify(objectOf(event, service)) : line(event)}\n`);
    }
    return 0;
  },
});

/** Those of the application's own labels stay out. */
const attributesOf = ({ Actor }: Event) =>
  Object.entries(Actor.Attributes)
    .filter(([key]) => !key.startsWith("com.docker.compose."))
    .sort(([a], [b]) => (a < b ? -1 : 1));

const nanoseconds = ({ timeNano }: Event) => String(BigInt(timeNano) % 1_000_000_000n).padStart(9, "0");

const objectOf = (event: Event, service: string) => ({
  action: event.Action,
  attributes: Object.fromEntries(attributesOf(event)),
  id: event.Actor.ID,
  service,
  time: `${new Date(event.time * 1000).toISOString().slice(0, 19)}.${nanoseconds(event)}Z`,
  type: event.Type,
});

/** `2026-11-24 02:47:26.123456 container start 3b1f… (image=hello, name=web)`. */
function line(event: Event): string {
  const date = new Date(event.time * 1000);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  const time = `${local.slice(0, 10)} ${local.slice(11, 19)}.${nanoseconds(event).slice(0, 6)}`;
  const about = attributesOf(event).map(([key, value]) => `${key}=${value}`);
  return `${time} ${event.Type} ${event.Action} ${event.Actor.ID} (${about.join(", ")})`;
}
