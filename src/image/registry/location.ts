/** Where an upload goes on: the Location of an answer (distribution spec, "Pushing blobs"). */
import { InroError } from "../../oci/error.ts";
import { isLoopback } from "./address.ts";
import type { Context } from "./ask.ts";

/**
 * The upload's URL, absolute, or relative to what answered. A registry behind a proxy that ends TLS may call itself
 * `http:`; it is asked the way it was found. Image data goes to nobody else without TLS. Throws REGISTRY_ERROR.
 */
export function uploadLocation(c: Context, response: Response): string {
  const location = response.headers.get("location") ?? "";
  const base = new URL(c.base);
  const from = new URL(response.url);
  if (location === "" || !URL.canParse(location, from.href)) {
    const why = `${c.domain} names ${JSON.stringify(location)} as the place to upload to, which is no address`;
    throw new InroError("REGISTRY_ERROR", { what: c.what, why });
  }
  const url = new URL(location, from);
  if (url.hostname === base.hostname && url.protocol === "http:" && base.protocol === "https:")
    return new URL(`${url.pathname}${url.search}`, base).href;
  const isLocal = base.protocol === "http:" && isLoopback(url.hostname);
  if (url.protocol === "https:" || (url.protocol === "http:" && (url.origin === base.origin || isLocal)))
    return url.href;
  const why = `${c.domain} wants it uploaded to ${url.origin}, which is without TLS`;
  throw new InroError("REGISTRY_ERROR", { what: c.what, why });
}

/** The location with a parameter more; what it has already is the registry's own and stays as it is. */
export function withParameter(location: string, name: string, value: string): string {
  const separator = location.includes("?") ? "&" : "?";
  return `${location}${separator}${name}=${encodeURIComponent(value)}`;
}
