import type { VolumeDetails } from "../engine/engine.ts";
import { empty, json } from "./answer.ts";
import { volumeName } from "./ask/mounts.ts";
import { invalid, object, text, textOrNull, textRecord } from "./asked.ts";
import { body } from "./body.ts";
import { type Exchange, parameter, type Route } from "./exchange.ts";
import { filters, flag } from "./query.ts";

export const volumeRoutes: readonly Route[] = [
  { method: "GET", pattern: "/volumes", handle: list },
  { method: "POST", pattern: "/volumes/create", handle: create },
  { method: "POST", pattern: "/volumes/prune", handle: prune },
  { method: "GET", pattern: "/volumes/{name}", handle: inspect },
  { method: "DELETE", pattern: "/volumes/{name}", handle: remove },
];

export function volumeRecord(volume: VolumeDetails) {
  return {
    CreatedAt: volume.created,
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: null,
    Scope: "local",
  };
}

function list(x: Exchange): void {
  const found = x.engine.volumes.list(filters(x.query));
  json(x, 200, { Volumes: found.map(volumeRecord), Warnings: null });
}

async function create(x: Exchange): Promise<void> {
  const asked = await body(x.request);
  const driver = text(asked, "Driver");
  if (driver !== "" && driver !== "local") throw invalid("Driver", `there is only local, not "${driver}"`);
  if (Object.keys(object(asked, "DriverOpts").fields).length > 0) {
    throw invalid("DriverOpts", "options of the local driver are not supported yet");
  }
  const name = textOrNull(asked, "Name");
  if (name !== null) volumeName(name, "Name");
  const made = await x.engine.volumes.create({ name, labels: textRecord(asked, "Labels") });
  json(x, 201, volumeRecord(made));
}

function inspect(x: Exchange): void {
  json(x, 200, volumeRecord(x.engine.volumes.get(parameter(x, "name"))));
}

async function remove(x: Exchange): Promise<void> {
  await x.engine.volumes.remove(parameter(x, "name"), { force: flag(x.query, "force") });
  empty(x, 204);
}

/** Anonymous ones only, unless the filter `all` says otherwise (since v1.42; before it, all). */
async function prune(x: Exchange): Promise<void> {
  const { all, ...rest } = filters(x.query);
  const asked = all?.some((value) => ["true", "1"].includes(value)) ?? false;
  const { removed, reclaimed } = await x.engine.volumes.prune({
    all: asked || x.version < 42,
    filters: rest,
    dryRun: flag(x.query, "dry-run"),
  });
  json(x, 200, { VolumesDeleted: removed.length === 0 ? null : removed, SpaceReclaimed: reclaimed });
}
