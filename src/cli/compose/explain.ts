/** The kernel operations that would set a plan's new containers up. */
import type { CreateAction, Plan } from "../../compose/converge/step.ts";
import type { Project } from "../../compose/model/project.ts";
import { type Explanation, planText } from "../print/plan.ts";
import { out } from "../terminal/output.ts";
import type { App } from "./app.ts";
import { handsOf } from "./hands.ts";
import { direct } from "./progress/show.ts";

export async function explainCreates(app: App, project: Project, plan: Plan): Promise<void> {
  const { bodyOf } = await import("../../compose/act/create.ts");
  const hands = await handsOf(app, project, { above: direct, mode: "quiet", work: {} });
  const absent = new Set(
    plan.steps.flatMap(({ action }) => (action.kind === "create network" ? action.name : [])),
  );
  const creates = plan.steps.flatMap(({ action }) => (action.kind === "create" ? action : []));
  for (const action of creates) {
    const service = project.services.get((action as CreateAction).service);
    if (service === undefined) continue;
    const note = absent.size === 0 ? "" : " (shown on the default network: its own are not there yet)";
    out(`\ncontainer ${action.name}${note}\n`);
    const body = onWhatIsThere(await bodyOf(hands, { ...action, project, service }), absent);
    const explanation = await app.client.json<Explanation>({ method: "POST", path: "/inro/explain", body });
    out(planText(explanation));
  }
}

/** The engine has no plan for networks that are yet to be made: the default one's differs from theirs in names only. */
function onWhatIsThere(body: Record<string, unknown>, absent: ReadonlySet<string>): Record<string, unknown> {
  const host = body["HostConfig"] as { readonly NetworkMode?: string };
  if (!absent.has(host.NetworkMode ?? "")) return body;
  const { NetworkingConfig: _, ...rest } = body;
  return { ...rest, HostConfig: { ...host, NetworkMode: "default" } };
}
