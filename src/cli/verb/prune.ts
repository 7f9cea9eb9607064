import type { Client, Query } from "../../client/client.ts";
import { flag, list, read } from "../options/option.ts";
import { size } from "../options/readers.ts";
import { decimalSize } from "../print/human.ts";
import { filters } from "../print/listing.ts";
import { confirmed } from "../terminal/confirm.ts";
import { err, isTerminal, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

const options = {
  force: flag("Do not ask", { short: "f" }),
  "dry-run": flag("Remove nothing: show what would go"),
  filter: list("KEY=VALUE", "Only those that fit"),
};

interface Prune {
  readonly path: string;
  readonly query?: Query;
  readonly question: string;
  readonly options: { readonly force: boolean; readonly "dry-run": boolean };
  readonly filter: readonly string[];
  /** `Containers`. */
  readonly kind: string;
  /** What was removed, out of the answer. */
  readonly removed: (answer: Readonly<Record<string, unknown>>) => readonly string[];
  /** The same for those who read, while it is still there to be asked about. */
  readonly named?: (client: Client, ids: readonly string[]) => Promise<readonly string[]>;
}

/** A kind of thing, and how to ask for it. */
type Kind = Pick<Prune, "path" | "kind" | "removed" | "named">;

async function prune(client: Client, { options, ...what }: Prune): Promise<number> {
  const dryRun = options["dry-run"];
  if (!dryRun && !options.force && !confirmed(`${what.question} Continue?`)) return 1;
  return told([await pruned(client, what, dryRun)], dryRun);
}

/** One kind of thing that went, or would go. */
export interface Gone {
  readonly kind: string;
  readonly names: readonly string[];
  /** Bytes; null for what takes no space. */
  readonly reclaimed: number | null;
}

/** The names of containers, for those who read: an answer has ids alone. */
async function withNames(client: Client, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0 || !isTerminal(1)) return ids;
  const found = await client.json<readonly { readonly Id: string; readonly Names: readonly string[] }[]>({
    ...{ method: "GET", path: "/containers/json", query: { all: true } },
  });
  const names = new Map(found.map(({ Id, Names }) => [Id, Names.join(", ").replace(/^\//, "")]));
  return ids.map((id) => `${id}  ${names.get(id) ?? ""}`);
}

export async function pruned(
  client: Client,
  { path, query = {}, filter, kind, removed, named }: Kind & Pick<Prune, "query" | "filter">,
  dryRun: boolean,
): Promise<Gone> {
  const answer = await client.json<Readonly<Record<string, unknown>>>({
    method: "POST",
    path,
    query: { ...query, filters: filters(filter), "dry-run": dryRun },
  });
  const { SpaceReclaimed: reclaimed } = answer;
  const gone = removed(answer);
  const names = dryRun && named !== undefined ? await named(client, gone) : gone;
  return { kind, names, reclaimed: reclaimed === undefined ? null : Number(reclaimed) };
}

export function told(all: readonly Gone[], dryRun: boolean): number {
  const [did, total] = dryRun ? ["Would delete", "Would reclaim"] : ["Deleted", "Total reclaimed space"];
  for (const { kind, names } of all)
    if (names.length > 0) out(`${did} ${kind}:\n${names.map((name) => `${name}\n`).join("")}\n`);
  if (all.every(({ names }) => names.length === 0) && isTerminal(2)) err("Nothing to remove.\n");
  const sizes = all.flatMap(({ reclaimed }) => reclaimed ?? []);
  const sum = sizes.reduce((a, b) => a + b, 0);
  if (sizes.length > 0) out(`${total}: ${decimalSize(sum, 4)}\n`);
  return 0;
}

const names = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** Where each kind is pruned, and where its answer says what went. */
export const kinds = {
  containers: {
    path: "/containers/prune",
    kind: "Containers",
    removed: ({ ContainersDeleted }) => names(ContainersDeleted),
    named: withNames,
  },
  volumes: {
    path: "/volumes/prune",
    kind: "Volumes",
    removed: ({ VolumesDeleted }) => names(VolumesDeleted),
  },
  networks: {
    path: "/networks/prune",
    kind: "Networks",
    removed: ({ NetworksDeleted }) => names(NetworksDeleted),
  },
  images: {
    path: "/images/prune",
    kind: "Images",
    removed: ({ ImagesDeleted }) =>
      (Array.isArray(ImagesDeleted) ? ImagesDeleted : []).map(
        (one: { Untagged?: string; Deleted?: string }) =>
          one.Untagged !== undefined ? `untagged: ${one.Untagged}` : `deleted: ${one.Deleted}`,
      ),
  },
  cache: {
    path: "/build/prune",
    kind: "build cache objects",
    removed: ({ CachesDeleted }) => names(CachesDeleted),
  },
} satisfies Record<string, Kind>;

export const containerPrune = verb({
  usage: "[OPTIONS]",
  options,
  args: [0, 0],
  run: ({ client }, { options: { filter, ...rest } }) =>
    prune(client, {
      ...{ ...kinds.containers, filter, options: rest },
      question: "This removes all containers that do not run.",
    }),
});

export const volumePrune = verb({
  usage: "[OPTIONS]",
  options: { ...options, all: flag("Those with a name, too", { short: "a" }) },
  args: [0, 0],
  run: ({ client }, { options: { filter, all, ...rest } }) =>
    prune(client, {
      ...{ ...kinds.volumes, options: rest },
      filter: [...filter, ...(all ? ["all=true"] : [])],
      question: `This removes all ${all ? "" : "anonymous "}volumes that no container uses.`,
    }),
});

export const networkPrune = verb({
  usage: "[OPTIONS]",
  options,
  args: [0, 0],
  run: ({ client }, { options: { filter, ...rest } }) =>
    prune(client, {
      ...{ ...kinds.networks, filter, options: rest },
      question: "This removes all networks that no container uses.",
    }),
});

export const imagePrune = verb({
  usage: "[OPTIONS]",
  options: {
    ...options,
    all: flag("All that no container uses, not only those without a name", { short: "a" }),
  },
  args: [0, 0],
  run: ({ client }, { options: { filter, all, ...rest } }) =>
    prune(client, {
      ...{ ...kinds.images, options: rest },
      filter: [...filter, `dangling=${!all}`],
      question: `This removes all images ${all ? "that no container uses" : "without a name"}.`,
    }),
});

export const builderPrune = verb({
  usage: "[OPTIONS]",
  options: {
    ...options,
    all: flag("What images share, too, though that frees nothing", { short: "a" }),
    "keep-storage": read("SIZE", size, "Keep so much of it: what was used last"),
    "reserved-space": read("SIZE", size, "The same"),
    "max-used-space": read("SIZE", size, "Keep no more than that"),
    "min-free-space": read("SIZE", size, "Until so much of the disk is free"),
  },
  args: [0, 0],
  run: ({ client }, { options: { filter, all, force, "dry-run": dryRun, ...bounds } }) =>
    prune(client, {
      ...{ ...kinds.cache, filter, options: { force, "dry-run": dryRun } },
      query: { all, ...bounds },
      question: `This removes ${all ? "all" : "all that no image shares"} of the build cache that no build uses.`,
    }),
});
