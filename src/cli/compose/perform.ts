/** Does what a plan says, and shows it; or shows what it would do. */
import type { Plan, StepEvent } from "../../compose/converge/step.ts";
import type { Project } from "../../compose/model/project.ts";
import { printWarning } from "../print-error.ts";
import { err, isTerminal, out } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import type { App } from "./app.ts";
import { RunFailed } from "./failure.ts";
import { handsOf, type ImageWork } from "./hands.ts";
import { dryText } from "./progress/dry.ts";
import { failureMessage, lastLines, statusOf } from "./progress/failure.ts";
import { modeOf, type Shown, shown } from "./progress/show.ts";

export interface Performing {
  /** Undefined where only its containers tell of it. */
  readonly project: Project | undefined;
  readonly plan: Plan;
  /** What the head of the picture says: `up`. */
  readonly verb: string;
  readonly images?: ImageWork;
  readonly signal?: AbortSignal;
  /** Gets what draws, for as long as it does; undefined: it is over. */
  readonly drawn?: (view: Shown | undefined) => void;
}

/** RunFailed: its message is for people, and the last lines of who failed are told already. */
export async function perform(app: App, what: Performing): Promise<void> {
  const { project, plan, verb, images = {} } = what;
  for (const warning of plan.warnings) err(printWarning(new Error(warning)));
  if (app.options["dry-run"]) return rehearse(app, what);
  if (plan.steps.length === 0) return;
  const { runSteps } = await import("../../compose/act/run.ts");
  const mode = modeOf(app.options);
  const view = shown(mode, { verb, steps: plan.steps });
  what.drawn?.(view);
  const end = () => {
    view.end();
    what.drawn?.(undefined);
  };
  let failed: (StepEvent & { readonly kind: "failed" }) | undefined;
  const tell = (event: StepEvent) => {
    if (event.kind === "failed") failed ??= event;
    view.tell(event);
  };
  try {
    await runSteps(await handsOf(app, project, { above: view.above, mode, work: images }), plan.steps, {
      parallel: parallelOf(app),
      signal: what.signal ?? new AbortController().signal,
      tell,
    });
  } catch (error) {
    end();
    if (failed === undefined) throw error;
    // Whoever draws shows what is written as it comes.
    if (what.drawn === undefined) err(lastLines(failed, paintFor(isTerminal(2))));
    throw new RunFailed(failureMessage(failed), statusOf(failed));
  }
  end();
}

async function rehearse(app: App, { plan, project }: Performing): Promise<void> {
  if (app.options.progress === "json") {
    out(plan.steps.map((step) => `${JSON.stringify(step)}\n`).join(""));
    return;
  }
  out(dryText(plan.steps));
  if (!app.options.explain || project === undefined) return;
  const { explainCreates } = await import("./explain.ts");
  await explainCreates(app, project, plan);
}

/** `--parallel`, COMPOSE_PARALLEL_LIMIT; -1 for as many as there are. */
function parallelOf({ options }: App): number {
  const asked = options.parallel ?? Number(process.env["COMPOSE_PARALLEL_LIMIT"] || -1);
  return Number.isNaN(asked) || asked < 1 ? Number.POSITIVE_INFINITY : asked;
}
