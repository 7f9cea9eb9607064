/** Asks a token service (distribution, token authentication: with a GET, or by OAuth 2 with a refresh token). */
import * as v from "valibot";
import { InroError } from "../../oci/error.ts";
import type { RegistryAuth } from "../images.ts";
import { isLoopback } from "./address.ts";
import { bodyOf } from "./answer.ts";
import { basicHeader } from "./basic.ts";
import { request } from "./http.ts";

const tokenSchema = v.object({
  token: v.optional(v.string()),
  access_token: v.optional(v.string()),
  refresh_token: v.optional(v.string()),
  expires_in: v.optional(v.number()),
});

export interface Token {
  readonly value: string;
  /** From when on it is better replaced, in milliseconds since 1970. */
  readonly due: number;
  /** What may stand for the password from now on. */
  readonly identity?: string;
}

export interface TokenRequest {
  /** The registry's own address, which names the service. */
  readonly registry: string;
  readonly realm: string;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly auth: RegistryAuth | undefined;
  /** Whether a refresh token is wanted too. */
  readonly lasting: boolean;
  readonly signal: AbortSignal | undefined;
  readonly silence?: number | undefined;
}

const client = "inro";
/** Seconds that a token lasts whose service does not say it (distribution, token/jwt: "expires_in"). */
const defaultLife = 60;

function failure(why: string): InroError {
  return new InroError("REGISTRY_ERROR", { what: "cannot authenticate with the registry", why });
}

function addressOf({ realm, registry }: TokenRequest): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  // Credentials go there, so it has to be as trustworthy as the registry itself; and only a registry of this machine
  // may mean a service of this machine: another one would have us ask whatever listens here.
  const isHere =
    url?.protocol === "http:" && isLoopback(url.hostname) && isLoopback(new URL(registry).hostname);
  if (url !== undefined && (url.protocol === "https:" || isHere)) return url;
  throw failure(`it names ${JSON.stringify(realm)} as its token service, which is no https address`);
}

function byRefreshToken({ service, scopes, signal, silence }: TokenRequest, url: URL, token: string) {
  const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token: token, client_id: client });
  if (scopes.length > 0) form.set("scope", scopes.join(" "));
  if (service !== undefined) form.set("service", service);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return request({
    url: url.href,
    method: "POST",
    headers,
    body: () => form.toString(),
    isSecret: true,
    signal,
    silence,
  });
}

function byPassword({ service, scopes, auth, lasting, signal, silence }: TokenRequest, url: URL) {
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (lasting) {
    url.searchParams.set("offline_token", "true");
    url.searchParams.set("client_id", client);
  }
  const authorization = basicHeader(auth);
  const headers = authorization === undefined ? {} : { authorization };
  return request({ url: url.href, headers, signal, silence });
}

function parse(body: string): v.InferOutput<typeof tokenSchema> {
  try {
    return v.parse(tokenSchema, JSON.parse(body));
  } catch {
    throw failure("its token service answered something that is no token");
  }
}

/** A token; undefined where the service refuses these credentials. */
export async function fetchToken(r: TokenRequest): Promise<Token | undefined> {
  const url = addressOf(r);
  const { auth } = r;
  const asked = Date.now();
  const response = await (auth !== undefined && "identityToken" in auth
    ? byRefreshToken(r, url, auth.identityToken)
    : byPassword(r, url));
  const body = (await bodyOf(response, 1 << 20, r.silence)).toString("utf8");
  if ([400, 401, 403].includes(response.status)) return undefined;
  if (!response.ok) throw failure(`its token service answered ${response.status}`);
  const {
    token,
    access_token: access,
    refresh_token: identity,
    expires_in: life = defaultLife,
  } = parse(body);
  const value = token ?? access;
  if (value === undefined) throw failure("its token service answered without a token");
  return { value, due: asked + life * 800, ...(identity === undefined ? {} : { identity }) };
}
