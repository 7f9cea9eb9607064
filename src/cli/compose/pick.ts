import type { App } from "./app.ts";
import { type Member, runs } from "./members.ts";

/** The service's container that a line means: number `index`, or the first that runs. */
export async function running(app: App, service: string, index: number | undefined): Promise<Member> {
  const all = (await app.members([service])).filter(({ oneOff }) => !oneOff);
  const found = all.filter(runs).find(({ number }) => index === undefined || index === 0 || number === index);
  if (found !== undefined) return found;
  if (index === undefined || index === 0) throw new Error(`service "${service}" is not running`);
  const numbers = all.filter(runs).map(({ number }) => number);
  const there = numbers.length === 0 ? "none runs" : `there are ${numbers.join(", ")}`;
  throw new Error(`service "${service}" has no running container ${index}: ${there}`);
}
