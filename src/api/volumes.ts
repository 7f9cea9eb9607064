import type { VolumeDetails } from "../engine/engine.ts";
import { decompressed } from "../image/layer-stream.ts";
import { empty, json, stream } from "./answer.ts";
import { volumeName } from "./ask/mounts.ts";
import { type Asked, invalid, object, text, textOrNull, textRecord } from "./asked.ts";
import { body } from "./body.ts";
import { type Exchange, parameter, type Route } from "./exchange.ts";
import { filters, flag, text as parameterText, texts } from "./query.ts";

export const volumeRoutes: readonly Route[] = [
  { method: "GET", pattern: "/volumes", handle: list },
  { method: "POST", pattern: "/volumes/create", handle: create },
  { method: "POST", pattern: "/volumes/prune", handle: prune },
  { method: "GET", pattern: "/volumes/{name}", handle: inspect },
  { method: "DELETE", pattern: "/volumes/{name}", handle: remove },
  { method: "POST", pattern: "/inro/volumes/{name}/rename", handle: rename },
  { method: "POST", pattern: "/inro/volumes/{name}/clone", handle: clone },
  { method: "POST", pattern: "/inro/volumes/{name}/import", handle: importTar },
  { method: "GET", pattern: "/inro/volumes/{name}/export", handle: exportTar },
];

export function volumeRecord(volume: VolumeDetails) {
  return {
    CreatedAt: volume.created,
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: volume.options,
    Scope: "local",
  };
}

function list(x: Exchange): void {
  const found = x.engine.volumes.list(filters(x.query));
  json(x, 200, { Volumes: found.map(volumeRecord), Warnings: [] });
}

async function create(x: Exchange): Promise<void> {
  const asked = await body(x.request);
  const driver = text(asked, "Driver");
  if (driver !== "" && driver !== "local") throw invalid("Driver", `there is only local, not "${driver}"`);
  if (Object.keys(object(asked, "ClusterVolumeSpec").fields).length > 0)
    throw invalid("ClusterVolumeSpec", "it is a swarm's");
  const made = await x.engine.volumes.create({
    name: askedName(asked),
    labels: textRecord(asked, "Labels"),
    options: textRecord(asked, "DriverOpts"),
  });
  json(x, 201, volumeRecord(made));
}

function askedName(asked: Asked): string | null {
  const name = textOrNull(asked, "Name");
  return name === null ? null : volumeName(name, "Name");
}

function inspect(x: Exchange): void {
  json(x, 200, volumeRecord(x.engine.volumes.get(parameter(x, "name"))));
}

async function remove(x: Exchange): Promise<void> {
  await x.engine.volumes.remove(parameter(x, "name"), { force: flag(x.query, "force") });
  empty(x, 204);
}

async function rename(x: Exchange): Promise<void> {
  const to = parameterText(x.query, "name");
  if (to === null) throw invalid("name", "no new name is given");
  await x.engine.volumes.rename(parameter(x, "name"), volumeName(to, "name"));
  empty(x, 204);
}

async function clone(x: Exchange): Promise<void> {
  const asked = await body(x.request);
  const made = await x.engine.volumes.clone(parameter(x, "name"), {
    name: askedName(asked),
    labels: textRecord(asked, "Labels"),
  });
  json(x, 201, volumeRecord(made));
}

async function exportTar(x: Exchange): Promise<void> {
  await stream(x, "application/x-tar", await x.engine.volumes.export(parameter(x, "name")));
}

/** The body is a tar: plain, or compressed by gzip, zstd or xz. `labels`, `options`: JSON objects of texts. */
async function importTar(x: Exchange): Promise<void> {
  const request = {
    name: volumeName(parameter(x, "name"), "name"),
    labels: texts(x.query, "labels"),
    options: texts(x.query, "options"),
  };
  const tar = decompressed(x.request as AsyncIterable<Uint8Array>);
  json(x, 201, volumeRecord(await x.engine.volumes.import(request, tar)));
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
  json(x, 200, { VolumesDeleted: removed, SpaceReclaimed: reclaimed });
}
