import type { PullProgress } from "../../image/images.ts";
import { isDigest } from "../../oci/digest.ts";
import {
  familiar,
  familiarName,
  formatReference,
  type Reference,
  withDefaultTag,
} from "../../oci/reference.ts";
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
  const { reference } = named;
  const platform = askedPlatform(text(x.query, "platform"));
  const wanted = flag(x.query, "allPlatforms") ? "all" : platform;
  const asking = askingFor(x, named);
  const out = lines(x);
  const passes = thinner();
  const before = present(x, reference);
  let resolved: string | null = null;
  try {
    const image = await x.engine.images.pull(reference, {
      ...asking,
      platform: wanted,
      onProgress: (progress) => tell(progress, reference),
    });
    const state = before === image.id ? "Image is up to date for" : "Downloaded newer image for";
    if (resolved !== null) out.say({ status: `Digest: ${resolved}` });
    out.say({ status: `Status: ${state} ${familiarName(reference)}` });
    out.end();
  } catch (error) {
    out.fail(error);
  }

  function tell(progress: PullProgress, of: Reference): void {
    if (progress.kind === "resolved") {
      resolved = progress.digest;
      const { tag, digest, ...name } = of;
      out.say({ status: `Pulling from ${familiarName(name)}`, id: tag ?? digest });
    }
    if (passes(progress, Date.now())) for (const line of progressLines(progress)) out.news(line);
  }
}

function askedReference(x: Exchange): NamedBy {
  const name = text(x.query, "fromImage");
  if (name === null) throw invalid("fromImage", "no image is named");
  const tag = text(x.query, "tag");
  if (tag !== null) return namedBy(x, isDigest(tag) ? `${name}@${tag}` : `${name}:${tag}`);
  const named = namedBy(x, name);
  return { ...named, reference: withDefaultTag(named.reference) };
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
