import { platformFields } from "../../image/manifest-list/document.ts";
import type { Found } from "../../image/manifest-list/entry.ts";
import type { Annotated } from "../../image/manifest-list/lists.ts";
import { empty, json } from "../answer.ts";
import { invalid, textOrNull, textsOrNull } from "../asked.ts";
import { body } from "../body.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { flag, text } from "../query.ts";
import { askingFor } from "./auth.ts";
import { namedBy } from "./named-by.ts";

/** What is at a registry. Beyond Docker, whose command line does it by itself: manifest lists of it. */
export const manifestRoutes: readonly Route[] = [
  { method: "GET", pattern: "/distribution/{name...}/json", handle: distribution },
  { method: "POST", pattern: "/inro/manifests/{name...}/create", handle: create },
  { method: "POST", pattern: "/inro/manifests/{name...}/annotate", handle: annotate },
  { method: "POST", pattern: "/inro/manifests/{name...}/push", handle: push },
  { method: "GET", pattern: "/inro/manifests/{name...}/json", handle: inspect },
  { method: "DELETE", pattern: "/inro/manifests/{name...}", handle: remove },
];

const lists = (x: Exchange) => x.engine.images.lists;

function asked(x: Exchange) {
  const named = namedBy(x, parameter(x, "name"));
  return { reference: named.reference, options: askingFor(x, named) };
}

async function distribution(x: Exchange): Promise<void> {
  const { reference, options } = asked(x);
  const { descriptor, platforms } = await lists(x).describe(reference, options);
  json(x, 200, { Descriptor: descriptor, Platforms: platforms.map(platformFields) });
}

async function create(x: Exchange): Promise<void> {
  const { reference, options } = asked(x);
  const names = textsOrNull(await body(x.request), "Manifests") ?? [];
  const manifests = names.map((name) => namedBy(x, name).reference);
  const amend = flag(x.query, "amend");
  json(x, 201, { Name: await lists(x).create(reference, manifests, { ...options, amend }) });
}

async function annotate(x: Exchange): Promise<void> {
  const manifest = text(x.query, "manifest");
  if (manifest === null) throw invalid("manifest", "no manifest is named");
  const from = await body(x.request);
  const [os, architecture, variant, osVersion] = ["Os", "Architecture", "Variant", "OsVersion"].map((key) =>
    textOrNull(from, key),
  );
  const osFeatures = textsOrNull(from, "OsFeatures");
  const annotated: Annotated = {
    ...(os ? { os } : {}),
    ...(architecture ? { architecture } : {}),
    ...(variant ? { variant } : {}),
    ...(osVersion ? { osVersion } : {}),
    ...(osFeatures ? { osFeatures } : {}),
  };
  await lists(x).annotate(asked(x).reference, namedBy(x, manifest).reference, annotated);
  empty(x, 204);
}

/** docker/cli, manifest/types: ImageManifest. */
const told = ({ entries }: Found) =>
  entries.map(({ reference, descriptor, content }) => ({
    Ref: reference,
    Descriptor: {
      ...descriptor,
      ...(descriptor.platform === undefined ? {} : { platform: platformFields(descriptor.platform) }),
    },
    Raw: content.toString("base64"),
  }));

async function inspect(x: Exchange): Promise<void> {
  const { reference, options } = asked(x);
  const manifest = text(x.query, "manifest");
  const of = manifest === null ? null : namedBy(x, manifest).reference;
  const found = await lists(x).inspect(reference, of, options);
  json(x, 200, { IsList: found.isList, Document: found.document.toString("utf8"), Manifests: told(found) });
}

async function push(x: Exchange): Promise<void> {
  const { reference, options } = asked(x);
  const { digest, copied } = await lists(x).push(reference, { ...options, purge: flag(x.query, "purge") });
  json(x, 200, { Digest: digest, Copied: copied });
}

async function remove(x: Exchange): Promise<void> {
  await lists(x).remove(asked(x).reference);
  empty(x, 204);
}
