/** `up` and its relatives: images first, then what makes the engine have what the file asks for. */
import type { Actual } from "../../compose/converge/actual.ts";
import type { UpOptions } from "../../compose/converge/options.ts";
import type { Plan } from "../../compose/converge/step.ts";
import type { Project } from "../../compose/model/project.ts";
import { err } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import { type App, refuseUnknown } from "./app.ts";
import type { ForegroundValues } from "./foreground.ts";
import { bringImages, type ImagesAsked } from "./images/bring.ts";
import { perform } from "./perform.ts";
import { modeOf, type Shown } from "./progress/show.ts";

/** The options of `up` that `create` has, too; by their names. */
export interface MakeValues extends ImagesAsked {
  readonly "force-recreate": boolean;
  readonly "no-recreate": boolean;
  readonly "remove-orphans": boolean;
  readonly scale: Readonly<Record<string, number>>;
  readonly "no-deps"?: boolean;
  readonly "no-start"?: boolean;
  readonly "always-recreate-deps"?: boolean;
  readonly "renew-anon-volumes"?: boolean;
  readonly wait?: boolean;
  readonly "wait-timeout"?: number | undefined;
  readonly timeout?: number | undefined;
}

export interface Making {
  readonly services: readonly string[];
  readonly options: MakeValues;
  readonly verb: string;
  readonly signal?: AbortSignal;
  readonly drawn?: (view: Shown | undefined) => void;
}

/** Does all of it. */
export async function make(app: App, project: Project, making: Making): Promise<void> {
  const { services, options, verb } = making;
  const known = new Set(project.services.keys());
  for (const name of Object.keys(options.scale)) refuseUnknown(name, known);
  const dependencies = options["no-deps"] !== true;
  const brought = await bringImages(app, project, {
    ...{ services, dependencies, options },
    ...(making.signal === undefined ? {} : { signal: making.signal }),
    ...(making.drawn === undefined ? {} : { drawn: making.drawn }),
  });
  const { upSteps } = await import("../../compose/converge/up.ts");
  const { select } = await import("../../compose/converge/select.ts");
  const { actual } = brought;
  const plan = upSteps(project, actual, optionsOf(making));
  const selected = new Set(select(project, services, { dependencies }).map(({ name }) => name));
  if (!app.options["dry-run"]) tellKept(app, { actual, plan, selected });
  await perform(app, { ...making, project, plan, verb });
}

/** Containers that run and stay as they are: scripts of compose v2 know ` Container app-web-1  Running`. */
function tellKept(app: App, { actual, plan, selected }: Kept): void {
  const touched = new Set(
    plan.steps.flatMap(({ action }) => ("container" in action ? action.container : [])),
  );
  const kept = actual.containers.filter(
    ({ name, service, state, oneOff }) =>
      state === "running" && !oneOff && selected.has(service) && !touched.has(name),
  );
  const mode = modeOf(app.options);
  if (mode === "plain") for (const { name } of kept) err(` Container ${name}  Running\n`);
  if (mode === "json")
    for (const { name } of kept)
      err(`${JSON.stringify({ id: `Container ${name}`, status: "Done", text: "Running" })}\n`);
  if (mode === "tty" && plan.steps.length === 0)
    err(`${paintFor(true)("green", "✔")} all ${kept.length} containers run as the file says\n`);
}

interface Kept {
  readonly actual: Actual;
  readonly plan: Plan;
  readonly selected: ReadonlySet<string>;
}

function optionsOf({ services, options }: Making): UpOptions {
  const recreate = options["force-recreate"] ? "force" : options["no-recreate"] ? "never" : "diverged";
  const { timeout, "wait-timeout": waitTimeout } = options;
  return {
    services,
    dependencies: options["no-deps"] !== true,
    recreate,
    // With --force-recreate, what is only depended on stays, as with compose v2.
    recreateDependencies: options["always-recreate-deps"]
      ? "force"
      : recreate === "never"
        ? "never"
        : "diverged",
    scale: options.scale,
    orphans:
      options["remove-orphans"] || isOn("COMPOSE_REMOVE_ORPHANS")
        ? "remove"
        : isOn("COMPOSE_IGNORE_ORPHANS")
          ? "ignore"
          : "warn",
    renewVolumes: options["renew-anon-volumes"] === true,
    start: options["no-start"] !== true,
    wait: options.wait === true,
    ...(waitTimeout === undefined ? {} : { waitTimeout }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

const isOn = (variable: string): boolean => /^(1|t|true|y|yes)$/i.test(process.env[variable] ?? "");

export interface BringUp {
  readonly services: readonly string[];
  readonly options: MakeValues & ForegroundValues;
  readonly detached: boolean;
  readonly abortsOn: "nothing" | "exit" | "failure";
}

/** `up`; answers the exit code. */
export async function bringUp(app: App, asked: BringUp): Promise<number> {
  const project = await app.project(asked.services, { needs: { counts: asked.options.scale } });
  if (!asked.detached) return (await import("./foreground.ts")).foreground(app, project, asked);
  await make(app, project, { ...asked, verb: "up" });
  return 0;
}
