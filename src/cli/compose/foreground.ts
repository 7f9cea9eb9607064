/** `up` that stays: what the containers write, until they end or are stopped. */
import { at } from "../../client/client.ts";
import { containerName } from "../../compose/converge/labels.ts";
import { stopSteps } from "../../compose/converge/life.ts";
import { countOf } from "../../compose/converge/slots.ts";
import type { Project } from "../../compose/model/project.ts";
import { err, out } from "../terminal/output.ts";
import { type App, refuseUnknown } from "./app.ts";
import { colours } from "./colours.ts";
import { follow, isAlive, listen, written } from "./logs/follow.ts";
import { printer } from "./logs/printer.ts";
import { labelOf, runs } from "./members.ts";
import { direct, type Shown } from "./progress/show.ts";
import { change } from "./state.ts";
import { type BringUp, make } from "./up.ts";

export interface ForegroundValues {
  readonly attach: readonly string[];
  readonly "no-attach": readonly string[];
  readonly "attach-dependencies": boolean;
  readonly timestamps: boolean;
  readonly "no-color": boolean;
  readonly "no-log-prefix": boolean;
  readonly "exit-code-from": string | undefined;
  readonly timeout: number | undefined;
}

/** Why it is over. */
type End =
  | { readonly kind: "ended" }
  | { readonly kind: "aborted"; readonly code: number }
  | { readonly kind: "interrupted"; readonly code: number };

export async function foreground(app: App, project: Project, asked: BringUp): Promise<number> {
  const { options, services, abortsOn } = asked;
  const known = new Set(project.services.keys());
  const from = options["exit-code-from"];
  for (const name of [...options.attach, ...options["no-attach"], ...(from === undefined ? [] : [from])])
    refuseUnknown(name, known);
  const attached = attachedServices(project, services, options);

  const end = Promise.withResolvers<End>();
  const steps = new AbortController();
  const over = new AbortController();
  let view: Shown | undefined;
  const print = printer({
    prefix: !options["no-log-prefix"],
    timestamps: options.timestamps,
    paint: colours(app.options, options["no-color"]),
    write: (bytes, stream) => (view?.above ?? direct)(bytes, stream),
  });
  const members = async () => (await app.members()).filter(({ oneOff }) => !oneOff);
  const endIfNothingLives = async () => {
    if (!(await members()).some((one) => isAlive(one) && attached.has(one.service)))
      end.resolve({ kind: "ended" });
  };
  const ended = async (code: number, id: string) => {
    const aborts = abortsOn === "exit" || (abortsOn === "failure" && code !== 0);
    const restarts = (await members()).some((one) => one.id === id && isAlive(one));
    if (!restarts && aborts) end.resolve({ kind: "aborted", code });
    else if (isMade) await endIfNothingLives();
  };
  let isMade = false;

  const labels = labelsOf(project, attached, options.scale);
  print.expect(labels);
  if (labels.length > 0) out(`Attaching to ${labels.join(", ")}\n`);
  const before = (await members()).filter(({ service }) => attached.has(service));
  const listening = await listen(app.client, project.name);
  const shown = await written(app.client, before);
  using _interrupts = interrupts(app, (code) => {
    end.resolve({ kind: "interrupted", code });
    steps.abort();
  });
  const following = follow(app.client, listening, before.filter(runs), {
    ...{ project: project.name, printer: print, shown, signal: over.signal },
    wants: (service) => attached.has(service),
    ended: (_service, code, id) => void ended(code, id).catch(end.reject),
  });
  following.catch(end.reject);
  try {
    const drawn = (each: Shown | undefined) => {
      view = each;
    };
    const made = make(app, project, { services, options, verb: "up", signal: steps.signal, drawn });
    await Promise.race([made, end.promise]);
    if (!steps.signal.aborted) await made;
    else await made.catch(() => {});
    isMade = true;
    await endIfNothingLives();
    const { kind, ...why } = await end.promise;
    if (kind === "ended") return 0;
    err(
      kind === "aborted"
        ? "Aborting on container exit...\n"
        : "Gracefully stopping... (press Ctrl+C again to force)\n",
    );
    const timeout = options.timeout === undefined ? {} : { timeout: options.timeout };
    await change(app, [], "stop", ({ actual }) => stopSteps(project, actual, { services: [], ...timeout }));
    if (kind === "aborted" && from !== undefined) return await exitCodeOf(app, from);
    return "code" in why ? (why.code as number) : 0;
  } catch (error) {
    over.abort("now");
    throw error;
  } finally {
    over.abort();
    await following.catch(() => {});
  }
}

/** What stands before the lines of containers that are to be. */
function labelsOf(
  project: Project,
  attached: ReadonlySet<string>,
  scale: Readonly<Record<string, number>>,
): readonly string[] {
  return [...project.services.values()]
    .filter(({ name }) => attached.has(name))
    .flatMap((service) =>
      Array.from({ length: countOf(service, scale) }, (_, i) =>
        labelOf(containerName(project, service, i + 1), project.name),
      ),
    )
    .sort();
}

/** Whose output is shown: those that are named, or all; not those that say `attach: false`. */
export function attachedServices(
  project: Project,
  named: readonly string[],
  options: Pick<ForegroundValues, "attach" | "no-attach" | "attach-dependencies">,
): ReadonlySet<string> {
  const all = [...project.services.values()].filter(({ attach }) => attach !== false).map(({ name }) => name);
  const chosen =
    options.attach.length > 0
      ? options.attach
      : named.length > 0 && !options["attach-dependencies"]
        ? named
        : all;
  return new Set(chosen.filter((name) => !options["no-attach"].includes(name)));
}

async function exitCodeOf(app: App, service: string): Promise<number> {
  const [first] = await app.members([service]);
  if (first === undefined) return 0;
  const about = await app.client.json<{ State: { ExitCode: number } }>({
    method: "GET",
    path: at`/containers/${first.id}/json`,
  });
  return about.State.ExitCode;
}

/** The first interrupt asks for an end, the second one kills all that runs. */
function interrupts(app: App, first: (code: number) => void): Disposable {
  let count = 0;
  const kill = async () => {
    err("Killing...\n");
    const all = (await app.members()).filter(runs);
    await Promise.allSettled(
      all.map(({ id }) => app.client.send({ method: "POST", path: at`/containers/${id}/kill` })),
    );
  };
  const handlers = (
    [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const
  ).map(([signal, code]) => {
    const handler = () => (count++ === 0 ? first(code) : void kill().catch(() => {}));
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return {
    [Symbol.dispose]() {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}
