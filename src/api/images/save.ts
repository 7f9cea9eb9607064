import { stream } from "../answer.ts";
import { askedPlatform } from "../ask/image.ts";
import { invalid } from "../asked.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { text } from "../query.ts";

/** Images as a tar. */
export const saveRoutes: readonly Route[] = [
  { method: "GET", pattern: "/images/get", handle: several },
  { method: "GET", pattern: "/images/{name...}/get", handle: one },
];

function one(x: Exchange): Promise<void> {
  return save(x, [parameter(x, "name")]);
}

async function several(x: Exchange): Promise<void> {
  const names = x.query.getAll("names").filter((name) => name !== "");
  if (names.length === 0) throw invalid("names", "no image is named");
  await save(x, names);
}

async function save(x: Exchange, names: readonly string[]): Promise<void> {
  const platform = askedPlatform(text(x.query, "platform"));
  const archive = await x.engine.images.save(names, { platform });
  await stream(x, "application/x-tar", archive);
}
