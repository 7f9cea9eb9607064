import type { Client } from "../client/client.ts";
import { flag, list } from "../options/option.ts";
import { decimalSize } from "../print/human.ts";
import { filters } from "../print/listing.ts";
import { confirmed } from "../terminal/confirm.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

const options = {
  force: flag("Do not ask", { short: "f" }),
  filter: list("KEY=VALUE", "Only those that fit"),
};

interface Prune {
  readonly path: string;
  readonly question: string;
  readonly title: string;
  readonly force: boolean;
  readonly filter: readonly string[];
  /** What was removed, out of the answer. */
  readonly removed: (answer: Readonly<Record<string, unknown>>) => readonly string[];
}

async function prune(client: Client, what: Prune): Promise<number> {
  if (!what.force && !confirmed(`${what.question} Continue?`)) return 1;
  const answer = await client.json<Readonly<Record<string, unknown>>>({
    method: "POST",
    path: what.path,
    query: { filters: filters(what.filter) },
  });
  const removed = what.removed(answer);
  if (removed.length > 0) out(`${what.title}:\n${removed.map((name) => `${name}\n`).join("")}\n`);
  out(`Total reclaimed space: ${decimalSize(Number(answer["SpaceReclaimed"] ?? 0), 4)}\n`);
  return 0;
}

const names = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

export const containerPrune = verb({
  usage: "[OPTIONS]",
  options,
  args: [0, 0],
  run: ({ client }, { options: { force, filter } }) =>
    prune(client, {
      ...{ path: "/containers/prune", title: "Deleted Containers", force, filter },
      question: "This removes all containers that do not run.",
      removed: ({ ContainersDeleted }) => names(ContainersDeleted),
    }),
});

export const volumePrune = verb({
  usage: "[OPTIONS]",
  options: { ...options, all: flag("Those with a name, too", { short: "a" }) },
  args: [0, 0],
  run: ({ client }, { options: { force, filter, all } }) =>
    prune(client, {
      ...{ path: "/volumes/prune", title: "Deleted Volumes", force },
      filter: [...filter, ...(all ? ["all=true"] : [])],
      question: `This removes all ${all ? "" : "anonymous "}volumes that no container uses.`,
      removed: ({ VolumesDeleted }) => names(VolumesDeleted),
    }),
});

export const imagePrune = verb({
  usage: "[OPTIONS]",
  options: {
    ...options,
    all: flag("All that no container uses, not only those without a name", { short: "a" }),
  },
  args: [0, 0],
  run: ({ client }, { options: { force, filter, all } }) =>
    prune(client, {
      ...{ path: "/images/prune", title: "Deleted Images", force },
      filter: [...filter, `dangling=${!all}`],
      question: `This removes all images ${all ? "that no container uses" : "without a name"}.`,
      removed: ({ ImagesDeleted }) =>
        (Array.isArray(ImagesDeleted) ? ImagesDeleted : []).map(
          (one: { Untagged?: string; Deleted?: string }) =>
            one.Untagged !== undefined ? `untagged: ${one.Untagged}` : `deleted: ${one.Deleted}`,
        ),
    }),
});
