import type { Filters } from "../../engine/engine.ts";
import type { Image } from "../../image/images.ts";
import { usageOf } from "../../image/usage.ts";
import { withDefaultTag } from "../../oci/reference.ts";
import { empty, json } from "../answer.ts";
import { askedPlatform } from "../ask/image.ts";
import { invalid } from "../asked.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { filters, flag, text } from "../query.ts";
import { refuse } from "../status.ts";
import { imageHistory, imageInspect, imageSummary, manifestSummary } from "../tell/image.ts";
import { commitRoutes } from "./commit.ts";
import { contentsRoutes } from "./contents.ts";
import { imageFilter, withNamesThatFit } from "./filter.ts";
import { manifestRoutes } from "./manifests.ts";
import { namedBy } from "./named-by.ts";
import { pullRoutes } from "./pull.ts";
import { pushRoutes } from "./push.ts";
import { saveRoutes } from "./save.ts";
import { signRoutes } from "./sign.ts";
import { trustRoutes } from "./trust.ts";
import { verifyRoutes } from "./verify.ts";

export const imageRoutes: readonly Route[] = [
  { method: "GET", pattern: "/images/json", handle: list },
  { method: "GET", pattern: "/images/search", handle: search },
  { method: "POST", pattern: "/images/prune", handle: prune },
  ...pullRoutes,
  ...pushRoutes,
  ...saveRoutes,
  ...commitRoutes,
  ...trustRoutes,
  ...manifestRoutes,
  ...contentsRoutes,
  ...verifyRoutes,
  ...signRoutes,
  { method: "GET", pattern: "/images/{name...}/json", handle: inspect },
  { method: "GET", pattern: "/images/{name...}/history", handle: history },
  { method: "POST", pattern: "/images/{name...}/tag", handle: tag },
  { method: "DELETE", pattern: "/images/{name...}", handle: remove },
];

/** The image as lists show it: of several platforms of a name one, the others only by names that are theirs alone. */
function shown(all: ReadonlyMap<string, Image>, image: Image): Image | undefined {
  const first = all.get(image.family[0] ?? image.id);
  if (first === undefined || first.id === image.id) return image;
  const names = image.names.filter((name) => !first.names.includes(name));
  return names.length === 0 ? undefined : { ...image, names };
}

/** One for each name, whatever number of platforms is here. */
export function imageLines(x: Exchange, filtered: Filters, withSharing: boolean) {
  const matches = imageFilter(filtered, (name) => x.engine.images.resolve(name));
  const all = x.engine.images.list();
  const usage = withSharing ? usageOf(all) : undefined;
  const counts = x.engine.images.useCounts();
  const byId = new Map(all.map((image) => [image.id as string, image]));
  return all
    .flatMap((image) => shown(byId, image) ?? [])
    .filter(matches)
    .map((found) => {
      const image = withNamesThatFit(filtered, found);
      const containers = image.family.reduce((sum, id) => sum + (counts.get(id) ?? 0), 0);
      const line = imageSummary(image, containers, usage?.shared(image));
      return x.version < 44 ? { ...line, VirtualSize: image.size } : line;
    })
    .sort((a, b) => b.Created - a.Created);
}

async function list(x: Exchange): Promise<void> {
  const found = imageLines(x, filters(x.query), flag(x.query, "shared-size"));
  if (!flag(x.query, "manifests")) return json(x, 200, found);
  const whole = [];
  for (const line of found)
    whole.push({ ...line, Manifests: await manifestsOf(x, x.engine.images.resolve(line.Id)) });
  json(x, 200, whole);
}

const named = (x: Exchange): Image =>
  x.engine.images.resolve(parameter(x, "name"), askedPlatform(text(x.query, "platform")));

/** API 1.47: the platforms of an index, those too that are not here. */
async function manifestsOf(x: Exchange, image: Image) {
  const entries = await x.engine.images.manifests(image);
  return entries.map((entry) => manifestSummary(entry, containersOf(x, entry.image)));
}

const containersOf = (x: Exchange, image: Image | null): readonly string[] =>
  image === null ? [] : x.engine.images.users({ ...image, family: [image.id] });

/**
 * Before 1.45 an image has it. docker-compose 1 speaks the newest version that it is offered and still looks there, for
 * the volumes that a container has to take over: it breaks off without.
 */
const wantsContainerConfig = (x: Exchange): boolean =>
  x.version < 45 || /^docker-compose\/1\./.test(x.request.headers["user-agent"] ?? "");

async function inspect(x: Exchange): Promise<void> {
  const image = named(x);
  const described = imageInspect(image, x.engine.storageDriver);
  const told = {
    ...described,
    ...(wantsContainerConfig(x) ? { ContainerConfig: described.Config } : {}),
    ...(x.version < 44 ? { VirtualSize: image.size } : {}),
  };
  json(x, 200, flag(x.query, "manifests") ? { ...told, Manifests: await manifestsOf(x, image) } : told);
}

function history(x: Exchange): void {
  json(x, 200, imageHistory(named(x)));
}

async function tag(x: Exchange): Promise<void> {
  const repository = text(x.query, "repo");
  if (repository === null) throw invalid("repo", "no name is given");
  const name = text(x.query, "tag");
  const { reference } = namedBy(x, name === null ? repository : `${repository}:${name}`);
  if (reference.digest !== undefined)
    throw invalid("repo", "refusing to create a tag with a digest reference");
  await x.engine.images.tag(parameter(x, "name"), withDefaultTag(reference));
  empty(x, 201);
}

async function remove(x: Exchange): Promise<void> {
  // What asks for a part must not lose all of it.
  if (x.query.has("platforms"))
    throw invalid("platforms", "each platform's image has an id of its own, by which it is removed");
  const removal = await x.engine.images.remove(parameter(x, "name"), { force: flag(x.query, "force") });
  json(x, 200, [
    ...removal.untagged.map((name) => ({ Untagged: name })),
    ...removal.deleted.map((id) => ({ Deleted: id })),
  ]);
}

/** Without names and users; with `dangling=false` those with names too. `dry-run` is ours: nothing goes, and what would is told. */
async function prune(x: Exchange): Promise<void> {
  const { dangling, ...rest } = filters(x.query);
  const all = dangling?.some((value) => ["false", "0"].includes(value)) ?? false;
  const matches = imageFilter(rest, (name) => x.engine.images.resolve(name));
  const { untagged, deleted, reclaimed } = await x.engine.images.prune({
    mayGo: (image) => (all || image.names.length === 0) && matches(image),
    dryRun: flag(x.query, "dry-run"),
  });
  const gone = [...untagged.map((name) => ({ Untagged: name })), ...deleted.map((id) => ({ Deleted: id }))];
  json(x, 200, { ImagesDeleted: gone, SpaceReclaimed: reclaimed });
}

function search(): void {
  throw refuse(501, "cannot search a registry", "searching is not supported");
}
