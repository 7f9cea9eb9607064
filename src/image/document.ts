/** Manifests, indexes and configurations: read from bytes, checked, or refused with what is wrong. */
import * as v from "valibot";
import type { Digest } from "../oci/digest.ts";
import { InroError } from "../oci/error.ts";
import { type ImageConfig, imageConfigSchema } from "../oci/image-config.ts";
import { type ImageIndex, indexSchema } from "../oci/index.ts";
import { type Manifest, manifestSchema } from "../oci/manifest.ts";
import { isIndexType, isLayerType, isManifestType } from "../oci/media-type.ts";

function refuse(what: string, why: string, cause?: unknown): never {
  throw new InroError("IMAGE_INVALID", { what, why, cause });
}

function parseJson(content: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString("utf8"));
  } catch (cause) {
    return refuse(what, "it is no JSON", cause);
  }
}

function check<T extends v.GenericSchema>(schema: T, content: Uint8Array, what: string): v.InferOutput<T> {
  const parsed = v.safeParse(schema, parseJson(content, what));
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  return refuse(what, `${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
}

export type Document =
  | { readonly kind: "index"; readonly index: ImageIndex }
  | { readonly kind: "manifest"; readonly manifest: Manifest };

/** A manifest or an index; `type` is what the registry or descriptor calls it, "" where it says nothing. */
export function parseDocument(content: Uint8Array, type: string, what: string): Document {
  const raw = parseJson(content, what) as {
    mediaType?: unknown;
    manifests?: unknown;
    schemaVersion?: unknown;
  };
  const own = typeof raw?.mediaType === "string" ? raw.mediaType : "";
  // manifest.md: "clients SHOULD reject unless the mediaType field's value matches" the type it was given as, since
  // one document that is read as two kinds is two images (CVE-2021-41190).
  if (own !== "" && (isIndexType(type) || isManifestType(type)) && own !== type) {
    refuse(what, `it was given as ${type} and calls itself ${own}`);
  }
  if (raw?.schemaVersion === 1) refuse(what, "it is in Docker's schema 1, which registries gave up in 2019");
  if (raw?.manifests !== undefined && (raw as { layers?: unknown }).layers !== undefined)
    refuse(what, "it is a manifest and an index at once");
  const isIndex = isIndexType(own || type) || (own === "" && type === "" && raw?.manifests !== undefined);
  return isIndex
    ? { kind: "index", index: check(indexSchema, content, what) }
    : { kind: "manifest", manifest: check(manifestSchema, content, what) };
}

export function parseConfig(content: Uint8Array, what: string): ImageConfig {
  return check(imageConfigSchema, content, what);
}

const maxLayers = 500;

/** A manifest may name anything (OCI artifacts): whether what it names can be an image's. Throws IMAGE_INVALID. */
export function checkImage({ artifactType, layers }: Manifest, what: string): void {
  const odd = layers.find((layer) => !isLayerType(layer.mediaType));
  if (odd === undefined) return;
  const kind = artifactType === undefined ? "" : ` but an artifact (${artifactType})`;
  refuse(what, `it is no container image${kind}: it holds ${odd.mediaType}`);
}

/** The layers' diffIDs, one for each layer that the manifest names. */
export function diffIdsOf(manifest: Manifest, config: ImageConfig, what: string): Digest[] {
  checkImage(manifest, what);
  const ids = config.rootfs.diff_ids ?? [];
  if (ids.length !== manifest.layers.length) {
    refuse(what, `its manifest names ${manifest.layers.length} layers, its configuration ${ids.length}`);
  }
  if (ids.length > maxLayers) refuse(what, `it has ${ids.length} layers, overlayfs takes ${maxLayers}`);
  if (ids.some((id) => !id.startsWith("sha256:")))
    refuse(what, "its configuration names layers by something else than sha256");
  return ids;
}
