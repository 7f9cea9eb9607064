import { json } from "./answer.ts";
import { askedEdit } from "./ask/edit.ts";
import { body } from "./body.ts";
import { type Exchange, parameter, type Route } from "./exchange.ts";
import { flag } from "./query.ts";

/** Beyond Docker: a container becomes another, with its files and volumes. */
export const editRoutes: readonly Route[] = [
  { method: "POST", pattern: "/inro/containers/{id}/edit", handle: edit },
];

async function edit(x: Exchange): Promise<void> {
  const { id, options } = x.engine.containers.get(parameter(x, "id"));
  const asked = askedEdit(await body(x.request), options.log.asked);
  const { changes, when } = await x.engine.containers.edit(id, asked, { dryRun: flag(x.query, "dry-run") });
  json(x, 200, {
    When: when,
    Changes: changes.map(({ kind, of, from, to, when }) => ({
      Kind: kind,
      Of: of,
      From: from,
      To: to,
      When: when,
    })),
  });
}
