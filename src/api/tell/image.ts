import { NEVER } from "../../engine/state.ts";
import type { Image, ManifestEntry } from "../../image/images.ts";
import { platformOf } from "../../image/platforms.ts";
import type { DriverName } from "../../image/snapshot/driver.ts";
import { familiar } from "../../oci/reference.ts";
import { driverName } from "./driver.ts";

export function repoTags(image: Image): string[] {
  return image.names
    .filter((name) => !name.includes("@"))
    .map(familiar)
    .sort();
}

export function repoDigests(image: Image): string[] {
  return image.repoDigests.map(familiar);
}

const summaries = new WeakMap<Image, ReturnType<typeof summaryOf>>();

/** What does not change as long as the image is listed: listings ask for all of it again and again. */
function summaryOf(image: Image) {
  return {
    Id: image.id,
    ParentId: "",
    RepoTags: repoTags(image),
    RepoDigests: repoDigests(image),
    Created: createdSeconds(image),
    Size: image.size,
    Labels: image.config.config.Labels,
  };
}

/** A line of GET /images/json; -1: what it shares with others was not asked for. */
export function imageSummary(image: Image, containers: number, sharedSize = -1) {
  const known = summaries.get(image) ?? summaryOf(image);
  summaries.set(image, known);
  return { ...known, SharedSize: sharedSize, Containers: containers };
}

/** An entry of `Manifests` (API 1.47, ImageManifestSummary). */
export function manifestSummary(entry: ManifestEntry, containers: readonly string[]) {
  const { descriptor, kind, image, isHere, content, about } = entry;
  const unpacked = image?.size ?? 0;
  return {
    ID: descriptor.digest,
    Descriptor: descriptor,
    Available: isHere,
    Size: { Content: content, Total: content + unpacked },
    Kind: kind,
    ...(kind === "image"
      ? {
          ImageData: {
            Platform: image === null ? descriptor.platform : platformOf(image.config),
            Containers: containers,
            Size: { Unpacked: unpacked },
          },
        }
      : {}),
    ...(kind === "attestation" ? { AttestationData: { For: about ?? "" } } : {}),
  };
}

export function createdSeconds(image: Image): number {
  const milliseconds = Date.parse(image.created);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

/** GET /images/{name}/json. */
export function imageInspect(image: Image, driver: DriverName) {
  const { config } = image.config;
  return {
    Id: image.id,
    RepoTags: repoTags(image),
    RepoDigests: repoDigests(image),
    Parent: "",
    Comment: image.config.history.at(-1)?.comment ?? "",
    Created: image.created === "" ? NEVER : image.created,
    DockerVersion: "",
    Author: image.config.author,
    Config: {
      User: config.User,
      ExposedPorts: config.ExposedPorts,
      Env: config.Env,
      Cmd: config.Cmd,
      Healthcheck: config.Healthcheck ?? undefined,
      Volumes: config.Volumes,
      WorkingDir: config.WorkingDir,
      Entrypoint: config.Entrypoint,
      OnBuild: config.OnBuild ?? null,
      Labels: config.Labels,
      ...(config.StopSignal === "" ? {} : { StopSignal: config.StopSignal }),
      ...(config.Shell ? { Shell: config.Shell } : {}),
    },
    Architecture: image.architecture,
    ...(image.config.variant ? { Variant: image.config.variant } : {}),
    Os: image.os,
    Size: image.size,
    GraphDriver: { Name: driverName(driver), Data: {} },
    RootFS: { Type: "layers", Layers: image.layers.map((layer) => layer.diffId) },
    Metadata: { LastTagTime: NEVER },
  };
}

/** GET /images/{name}/history: the newest step first; only steps with files have a size. */
export function imageHistory(image: Image) {
  const sizes = [...image.layerSizes];
  const steps = image.config.history.map((step) => ({
    Id: "<missing>",
    Created: Math.floor((Date.parse(step.created ?? "") || 0) / 1000),
    CreatedBy: step.created_by ?? "",
    Tags: null as string[] | null,
    Size: step.empty_layer === true ? 0 : (sizes.shift() ?? 0),
    Comment: step.comment ?? "",
  }));
  steps.reverse();
  const top = steps[0];
  if (top !== undefined) Object.assign(top, { Id: image.id, Tags: repoTags(image) });
  return steps;
}
