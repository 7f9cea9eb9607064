/** Answers of several pages (distribution spec, "Listing Tags", "Listing Referrers"), within bounds. */
import { maxDocument } from "../layout/blobs.ts";
import { bodyOf } from "./answer.ts";
import { ask, type Context } from "./ask.ts";

/** Pages of an answer that are followed. */
const maxPages = 100;
/** Bytes of all pages. */
const maxList = 2 * maxDocument;

/** Both parts stop where the next link may begin: a registry's header is read once, however long it is. */
const links = /<([^<>]*)>([^<,]*)/g;

/** The path of `Link: <…>; rel="next"` (RFC 8288); another host's is not followed. */
function nextPage(c: Context, response: Response): string | undefined {
  const header = response.headers.get("link") ?? "";
  const next = [...header.matchAll(links)].find(([, , parameters]) =>
    /;\s*rel="?next"?/.test(parameters ?? ""),
  );
  const target = next?.[1];
  if (target === undefined || !URL.canParse(target, response.url)) return undefined;
  const url = new URL(target, response.url);
  return url.origin === new URL(c.base).origin ? `${url.pathname}${url.search}` : undefined;
}

export interface Page {
  /** No 404, which is an answer too. */
  readonly ok: boolean;
  readonly body: Buffer;
}

/** The answer's pages, from the one at `path` on. Throws REGISTRY_ERROR, and what asking throws. */
export async function* pages(c: Context, path: string): AsyncGenerator<Page> {
  let next: string | undefined = path;
  for (let page = 0, left = maxList; next !== undefined && page < maxPages; page++) {
    const response: Response = await ask(c, { path: next, expected: [404] });
    const body = await bodyOf(response, Math.min(maxDocument, left));
    left -= body.length;
    yield { ok: response.ok, body };
    next = response.ok ? nextPage(c, response) : undefined;
  }
}
