import { empty, json } from "../answer.ts";
import { invalid, textOrNull } from "../asked.ts";
import { body } from "../body.ts";
import type { Exchange, Route } from "../exchange.ts";
import { text } from "../query.ts";

/** Beyond Docker: the policy of what may be pulled and run. */
export const trustRoutes: readonly Route[] = [
  { method: "GET", pattern: "/inro/trust", handle: show },
  { method: "PUT", pattern: "/inro/trust", handle: set },
  { method: "DELETE", pattern: "/inro/trust", handle: remove },
];

function show(x: Exchange): void {
  const { file, policy } = x.engine.images.trust.policy();
  json(x, 200, { File: file ?? "", Default: policy.default, Rules: policy.rules });
}

/** `{"Scope": "registry.example/team", "Rule": "reject"}`; without a scope it is the default. */
async function set(x: Exchange): Promise<void> {
  const request = await body(x.request);
  const rule = request.fields["Rule"];
  if (rule === undefined || rule === null) throw invalid("Rule", "no rule is given");
  await x.engine.images.trust.set(textOrNull(request, "Scope") ?? undefined, rule);
  empty(x, 204);
}

async function remove(x: Exchange): Promise<void> {
  const scope = text(x.query, "scope");
  if (scope === null) throw invalid("scope", "no scope is given");
  await x.engine.images.trust.remove(scope);
  empty(x, 204);
}
