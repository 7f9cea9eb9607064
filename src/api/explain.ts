import type { Explanation } from "../engine/engine.ts";
import { askedContainer } from "./ask/container.ts";
import { askedPlatformOf } from "./ask/platform.ts";
import { mountsIn } from "./ask/volumes-from.ts";
import { body } from "./body.ts";
import { type Exchange, parameter, type Route } from "./exchange.ts";

/** Beyond Docker: the list of kernel operations that sets a container up. */
export const explainRoutes: readonly Route[] = [
  { method: "POST", pattern: "/inro/explain", handle: explain },
  { method: "GET", pattern: "/inro/containers/{id}/explain", handle: explainContainer },
];

async function explain(x: Exchange): Promise<void> {
  const { options } = askedContainer(await body(x.request), mountsIn(x.engine));
  answer(x, await x.engine.containers.explain(options, askedPlatformOf(x, options.image)));
}

async function explainContainer(x: Exchange): Promise<void> {
  answer(x, await x.engine.containers.explainContainer(parameter(x, "id")));
}

/** Bytes (netlink messages, filters) are told in base64, whole numbers beyond 2⁵³ as texts. */
function answer(x: Exchange, explanation: Explanation): void {
  const text = JSON.stringify(explanation, (_key, value: unknown) => {
    if (typeof value === "bigint") return value.toString();
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
    return value;
  });
  x.response.writeHead(200, { "content-type": "application/json" });
  x.response.end(`${text}\n`);
}
