/** The output of an application's containers while it goes on: of those that are, that start again, and that come. */

import { ApiError, type Client } from "../../../client/client.ts";
import { label } from "../../../compose/converge/labels.ts";
import { labelOf, type Member, runs } from "../members.ts";
import { keyOf, type LogLine, logLines } from "./lines.ts";
import { merged } from "./merged.ts";
import type { Printer } from "./printer.ts";

export interface LogQuery {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly tail?: string | undefined;
}

/** Up to where a container's lines were shown. */
export interface Shown {
  readonly key: string;
  /** Of how many lines with this very time. */
  count: number;
}

/** What was written until now, interleaved. Answers how far each container's lines were shown. */
export async function history(
  client: Client,
  all: readonly Member[],
  query: LogQuery,
  printer: Printer,
): Promise<Map<string, Shown>> {
  const shown = new Map<string, Shown>();
  printer.expect(all.map(({ label }) => label));
  const sources = all.map(({ id }) => logLines(client, id, { ...query }));
  for await (const [place, line] of merged(sources)) {
    const { id, label } = all[place] as Member;
    note(shown, id, line);
    printer.line(label, line);
  }
  return shown;
}

function note(shown: Map<string, Shown>, id: string, { time }: LogLine): void {
  const key = keyOf(time);
  const before = shown.get(id);
  if (before?.key === key) before.count++;
  else shown.set(id, { key, count: 1 });
}

interface Event {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** Up to where containers that are there have written: what comes after it is new. */
export async function written(client: Client, all: readonly Member[]): Promise<Map<string, Shown>> {
  const shown = new Map<string, Shown>();
  const last = async ({ id }: Member) => {
    for await (const { time } of logLines(client, id, { tail: "1" }))
      shown.set(id, { key: keyOf(time), count: Number.POSITIVE_INFINITY });
  };
  await Promise.all(all.map((member) => last(member).catch(() => {})));
  return shown;
}

/** Starts and ends of a project's containers, from now on. */
export interface Listening {
  readonly events: AsyncIterable<Event>;
  close(): void;
}

export async function listen(client: Client, project: string): Promise<Listening> {
  const filters = JSON.stringify({
    type: ["container"],
    event: ["start", "die"],
    label: [`${label.project}=${project}`],
  });
  const answer = await client.send({ method: "GET", path: "/events", query: { filters } });
  return { events: eventsOf(answer.body), close: answer.close };
}

export interface Following {
  readonly project: string;
  readonly printer: Printer;
  /** Whose output is shown. */
  readonly wants: (service: string, number: number) => boolean;
  readonly shown: Map<string, Shown>;
  /** Ends it, once what has ended is shown; with the reason "now", at once. */
  readonly signal: AbortSignal;
  /** A container ended, and its lines are shown. */
  readonly ended?: (service: string, code: number, id: string) => void;
}

/** Milliseconds that a line is held, so that an earlier one of another container can come before it. */
const HELD = 25;
/** Milliseconds that what containers wrote before their end has to come in. */
const LAST = 3000;
/** Milliseconds after which an end is shown though its log has not ended. */
const GRACE = 250;

/** Shows what those that run write, and those that start; resolves with the end of `signal`. */
export async function follow(
  client: Client,
  { events, close }: Listening,
  running: readonly Member[],
  what: Following,
): Promise<void> {
  const { project, printer, wants, shown, signal } = what;
  const held: { readonly label: string; readonly line: LogLine }[] = [];
  const flush = () => {
    held.sort((a, b) => (keyOf(a.line.time) < keyOf(b.line.time) ? -1 : 1));
    for (const { label, line } of held.splice(0)) printer.line(label, line);
  };
  const tails = new Map<string, Promise<void>>();
  /** Lives whose end is not shown yet. */
  let lives = 0;
  const over = new AbortController();
  const tail = async (id: string, label: string) => {
    const from = shown.get(id);
    let skipped = from?.count ?? 0;
    const query = { follow: true, since: from === undefined ? undefined : momentOf(from.key) };
    for await (const line of logLines(client, id, query, over.signal)) {
      const key = keyOf(line.time);
      if (from !== undefined && (key < from.key || (key === from.key && skipped-- > 0))) continue;
      note(shown, id, line);
      held.push({ label, line });
    }
  };
  const tailOf = (id: string) => tails.get(id) ?? Promise.resolve();
  const begin = (id: string, label: string) => {
    printer.expect([label]);
    lives++;
    // That of its last life ends by itself. One that is removed meanwhile has nothing more to show.
    const shownTo = tailOf(id).then(() => tail(id, label));
    tails.set(
      id,
      shownTo.catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) fail(error);
      }),
    );
  };
  const heard = ({ Action, Actor: { ID: id, Attributes: attributes } }: Event) => {
    const service = attributes[label.service] ?? "";
    if (/true/i.test(attributes[label.oneOff] ?? "")) return;
    if (!wants(service, Number(attributes[label.number] ?? 1))) return;
    const own = labelOf(attributes["name"] ?? id, project);
    if (Action === "start") return begin(id, own);
    const code = Number(attributes["exitCode"] ?? 0);
    // One that starts again goes on with the same log: what it wrote before is on its way.
    void Promise.race([tailOf(id), Bun.sleep(GRACE)]).then(() =>
      guarded(() => {
        flush();
        lives--;
        printer.ended(own, code);
        what.ended?.(service, code, id);
      }),
    );
  };

  let broken: unknown;
  const fail = (error: unknown) => {
    broken ??= error;
    close();
  };
  // Whoever reads our output may be gone.
  const guarded = (work: () => void) => {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  };
  const end = async () => {
    const patience = signal.reason === "now" ? 0 : performance.now() + LAST;
    while (lives > 0 && performance.now() < patience) await Bun.sleep(HELD);
    close();
  };
  const timer = setInterval(guarded, HELD, flush);
  signal.addEventListener("abort", () => void end(), { once: true });
  try {
    for (const { id, label } of running) begin(id, label);
    for await (const event of events) heard(event);
  } catch (error) {
    if (!signal.aborted && broken === undefined) throw error;
  } finally {
    clearInterval(timer);
    over.abort();
  }
  if (broken !== undefined) throw broken;
  flush();
}

/** Seconds, as the API takes them. */
function momentOf(key: string): string {
  const [whole = "", digits = ""] = key.split(".");
  return `${Math.floor(Date.parse(`${whole}Z`) / 1000)}.${digits}`;
}

async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Event, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of body) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as Event;
  }
}

/** Whether it may still write, or will start again by itself. */
export const isAlive = (member: Member): boolean => runs(member) || member.state === "restarting";
