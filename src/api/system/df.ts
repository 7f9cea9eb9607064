import { usageOf } from "../../image/usage.ts";
import { json } from "../answer.ts";
import { cacheRecord } from "../build/cache.ts";
import type { Exchange, Route } from "../exchange.ts";
import { imageLines } from "../images/images.ts";
import { refuse } from "../status.ts";
import { containerSummary } from "../tell/container.ts";
import { volumeRecord } from "../volumes.ts";

export const usageRoutes: readonly Route[] = [{ method: "GET", pattern: "/system/df", handle: diskUsage }];

/** API 1.42: `type` says which parts are asked for, each of them costs a walk. */
const parts: { readonly [type: string]: (x: Exchange) => Promise<object> | object } = {
  image: (x) => ({ LayersSize: usageOf(x.engine.images.list()).total, Images: imageLines(x, {}, true) }),
  container: async (x) => ({ Containers: await containers(x) }),
  volume: async (x) => ({ Volumes: await volumes(x) }),
  "build-cache": cache,
};

async function diskUsage(x: Exchange): Promise<void> {
  const asked = x.query.getAll("type").filter((type) => type !== "");
  const unknown = asked.find((type) => parts[type] === undefined);
  if (unknown !== undefined)
    throw refuse(
      400,
      `cannot tell the usage of "${unknown}"`,
      `there are ${Object.keys(parts).join(", ")}`,
      "type",
    );
  let answer = {};
  for (const [type, measure] of Object.entries(parts))
    if (asked.length === 0 || asked.includes(type)) answer = { ...answer, ...(await measure(x)) };
  json(x, 200, answer);
}

async function cache(x: Exchange) {
  const BuildCache = (await x.engine.builder.stock.list()).map(cacheRecord);
  const BuilderSize = BuildCache.reduce((sum, { Size, Shared }) => sum + (Shared ? 0 : Size), 0);
  return { BuildCache, ...(x.version < 42 ? { BuilderSize } : {}) };
}

async function containers(x: Exchange) {
  const lines = [];
  for (const container of x.engine.containers.list({ all: true, limit: 0, filters: {} })) {
    // One that goes meanwhile, or whose image is lost, has a line without a size.
    const size = await x.engine.containers.size(container.id).catch(() => null);
    lines.push(containerSummary(container, { now: Date.now(), isCurrentName: () => true }, size));
  }
  return lines;
}

async function volumes(x: Exchange) {
  const lines = [];
  for (const volume of x.engine.volumes.list({})) {
    const users = x.engine.containers.list({ all: true, limit: 0, filters: { volume: [volume.name] } });
    const UsageData = { Size: await x.engine.volumes.size(volume.name), RefCount: users.length };
    lines.push({ ...volumeRecord(volume), UsageData });
  }
  return lines;
}
