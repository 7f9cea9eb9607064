import type { PullProgress } from "../../image/images.ts";
import { isDigest } from "../../oci/digest.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { familiarName, parseReference, type Reference, withDefaultTag } from "../../oci/reference.ts";
import { fail } from "../answer.ts";
import { invalid } from "../asked.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { flag, text } from "../query.ts";
import { messageOf, refuse } from "../status.ts";
import { registryAuth } from "./auth.ts";
import { type ProgressLine, progressLines, thinner } from "./progress.ts";

/** Images from a registry or an archive, with progress as it comes. */
export const pullRoutes: readonly Route[] = [
  { method: "POST", pattern: "/images/create", handle: create },
  { method: "POST", pattern: "/images/load", handle: load },
  { method: "POST", pattern: "/images/{name...}/push", handle: push },
];

/**
 * The stream of JSON lines. Progress is news, not data: what a slow client has not taken by then is dropped. The
 * head goes out with the first line, so that a failure before it has a status of its own.
 */
function lines(x: Exchange) {
  const begin = () => {
    if (!x.response.headersSent) x.response.writeHead(200, { "content-type": "application/json" });
  };
  return {
    say(line: object): void {
      begin();
      x.response.write(`${JSON.stringify(line)}\r\n`);
    },
    news(line: ProgressLine): void {
      if (!x.response.writableNeedDrain) this.say(line);
    },
    end(): void {
      begin();
      x.response.end();
    },
    fail(error: unknown): void {
      if (x.signal.aborted) return;
      if (!x.response.headersSent) {
        fail(x.response, error);
        return;
      }
      const message = messageOf(error);
      this.say({ errorDetail: { message }, error: message });
      x.response.end();
    },
  };
}

async function create(x: Exchange): Promise<void> {
  const reference = askedReference(x);
  const platform = text(x.query, "platform");
  const auth = registryAuth(x.request.headers["x-registry-auth"]);
  const out = lines(x);
  const passes = thinner();
  const before = present(x, reference);
  let resolved: string | null = null;
  try {
    const image = await x.engine.images.pull(reference, {
      ...(platform === null ? {} : { platform: parsePlatform(platform) }),
      ...(auth === null ? {} : { auth }),
      signal: x.signal,
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

function askedReference(x: Exchange): Reference {
  if (text(x.query, "fromSrc") !== null)
    throw refuse(501, "cannot import an image", "it is not supported yet");
  const name = text(x.query, "fromImage");
  if (name === null) throw invalid("fromImage", "no image is named");
  const tag = text(x.query, "tag");
  if (tag === null) return withDefaultTag(parseReference(name));
  return parseReference(isDigest(tag) ? `${name}@${tag}` : `${name}:${tag}`);
}

function present(x: Exchange, reference: Reference): string | null {
  const name = familiarName(reference);
  return (
    x.engine.images
      .list()
      .find((image) => image.names.some((one) => familiarName(parseReference(one)) === name))?.id ?? null
  );
}

async function load(x: Exchange): Promise<void> {
  const quiet = flag(x.query, "quiet");
  const out = lines(x);
  const passes = thinner();
  try {
    const images = await x.engine.images.load(x.request as AsyncIterable<Uint8Array>, (progress) => {
      if (quiet || !passes(progress, Date.now())) return;
      for (const line of progressLines(progress)) out.news(line);
    });
    for (const image of images) {
      const names = image.names.map((name) => `Loaded image: ${familiarName(parseReference(name))}\n`);
      for (const stream of names.length > 0 ? names : [`Loaded image ID: ${image.id}\n`]) out.say({ stream });
    }
    out.end();
  } catch (error) {
    out.fail(error);
  }
}

function push(x: Exchange): void {
  x.engine.images.resolve(parameter(x, "name"));
  throw refuse(501, "cannot push the image", "pushing is not supported yet");
}
