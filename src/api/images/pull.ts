import type { PullProgress, RegistryAsking } from "../../image/images.ts";
import { isDigest } from "../../oci/digest.ts";
import { familiar, familiarName, formatReference, type Reference } from "../../oci/reference.ts";
import { askedPlatform } from "../ask/image.ts";
import { invalid } from "../asked.ts";
import type { Exchange, Route } from "../exchange.ts";
import { flag, text } from "../query.ts";
import { askingFor } from "./auth.ts";
import { importTar } from "./import.ts";
import { lines } from "./lines.ts";
import { type NamedBy, namedBy } from "./named-by.ts";
import { progressLines, thinner } from "./progress.ts";

/** Images from a registry or an archive, with progress as it comes. */
export const pullRoutes: readonly Route[] = [
  { method: "POST", pattern: "/images/create", handle: create },
  { method: "POST", pattern: "/images/load", handle: load },
];

async function create(x: Exchange): Promise<void> {
  const source = text(x.query, "fromSrc");
  if (source !== null) return importTar(x, source);
  const named = askedReference(x);
  const platform = askedPlatform(text(x.query, "platform"));
  const wanted = flag(x.query, "allPlatforms") ? "all" : platform;
  const asking = askingFor(x, named);
  const out = lines(x);
  const passes = thinner();
  try {
    for (const reference of await referencesOf(x, named.reference, asking)) await pull(reference);
    out.end();
  } catch (error) {
    out.fail(error);
  }

  async function pull(reference: Reference): Promise<void> {
    const before = present(x, reference);
    let resolved: string | null = null;
    const onProgress = (progress: PullProgress) => {
      if (progress.kind === "resolved") {
        resolved = progress.digest;
        const { tag, digest, ...name } = reference;
        out.say({ status: `Pulling from ${familiarName(name)}`, id: tag ?? digest });
      }
      if (passes(progress, Date.now())) for (const line of progressLines(progress)) out.news(line);
    };
    const image = await x.engine.images.pull(reference, { ...asking, platform: wanted, onProgress });
    const state = before === image.id ? "Image is up to date for" : "Downloaded newer image for";
    if (resolved !== null) out.say({ status: `Digest: ${resolved}` });
    out.say({ status: `Status: ${state} ${familiarName(reference)}` });
  }
}

function askedReference(x: Exchange): NamedBy {
  const name = text(x.query, "fromImage");
  if (name === null) throw invalid("fromImage", "no image is named");
  const tag = text(x.query, "tag");
  return namedBy(x, tag === null ? name : isDigest(tag) ? `${name}@${tag}` : `${name}:${tag}`);
}

/** What a name means: itself, or without tag and digest (API, ImageCreate) all tags that its repository has. */
async function referencesOf(x: Exchange, name: Reference, asking: RegistryAsking): Promise<Reference[]> {
  if (name.tag !== undefined || name.digest !== undefined) return [name];
  const tags = await x.engine.images.tags(name, asking);
  return tags.map((tag) => ({ ...name, tag }));
}

function present(x: Exchange, reference: Reference): string | null {
  const name = formatReference(reference);
  return x.engine.images.list().find(({ names }) => names.includes(name))?.id ?? null;
}

async function load(x: Exchange): Promise<void> {
  const quiet = flag(x.query, "quiet");
  const platform = askedPlatform(text(x.query, "platform"));
  const out = lines(x);
  const passes = thinner();
  try {
    const images = await x.engine.images.load(x.request as AsyncIterable<Uint8Array>, {
      platform,
      onProgress: (progress) => {
        if (quiet || !passes(progress, Date.now())) return;
        for (const line of progressLines(progress)) out.news(line);
      },
    });
    for (const image of images) {
      const names = image.names.map((name) => `Loaded image: ${familiar(name)}\n`);
      for (const stream of names.length > 0 ? names : [`Loaded image ID: ${image.id}\n`]) out.say({ stream });
    }
    out.end();
  } catch (error) {
    out.fail(error);
  }
}
