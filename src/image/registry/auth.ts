/** Credentials for one registry: the distribution spec's token exchange, or basic authentication. */
import * as v from "valibot";
import { InroError } from "../../oci/error.ts";
import type { RegistryAuth } from "../images.ts";
import { isLoopback } from "./address.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { bodyOf, request } from "./http.ts";

const tokenSchema = v.object({ token: v.optional(v.string()), access_token: v.optional(v.string()) });

function basic(auth: RegistryAuth | undefined): string | undefined {
  if (auth === undefined || !("username" in auth)) return undefined;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
}

function realmOf(challenge: Challenge): URL {
  const realm = challenge.parameters["realm"] ?? "";
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  // Credentials go there, so it has to be as trustworthy as the registry itself.
  if (
    url !== undefined &&
    (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)))
  )
    return url;
  throw new InroError("REGISTRY_ERROR", {
    what: "cannot authenticate with the registry",
    why: `it names ${JSON.stringify(realm)} as its token service, which is no https address`,
  });
}

async function fetchToken(
  challenge: Challenge,
  scope: string,
  auth: RegistryAuth | undefined,
  signal?: AbortSignal,
) {
  const realm = realmOf(challenge);
  const service = challenge.parameters["service"];
  const wanted = challenge.parameters["scope"] ?? scope;
  if (auth !== undefined && "identityToken" in auth) {
    const form = {
      grant_type: "refresh_token",
      refresh_token: auth.identityToken,
      client_id: "inro",
      scope: wanted,
      ...(service === undefined ? {} : { service }),
    };
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return await request({
      url: realm.href,
      method: "POST",
      headers,
      body: new URLSearchParams(form).toString(),
      signal,
    });
  }
  if (service !== undefined) realm.searchParams.set("service", service);
  realm.searchParams.set("scope", wanted);
  const authorization = basic(auth);
  return await request({
    url: realm.href,
    headers: authorization === undefined ? {} : { authorization },
    signal,
  });
}

async function tokenFor(
  challenge: Challenge,
  scope: string,
  auth: RegistryAuth | undefined,
  signal?: AbortSignal,
) {
  const response = await fetchToken(challenge, scope, auth, signal);
  const body = await bodyOf(response, 1 << 20);
  if (!response.ok) return undefined;
  const parsed = v.safeParse(tokenSchema, JSON.parse(body.toString("utf8")));
  const token = parsed.success ? (parsed.output.token ?? parsed.output.access_token) : undefined;
  if (token !== undefined) return token;
  throw new InroError("REGISTRY_ERROR", {
    what: "cannot authenticate with the registry",
    why: "its token service answered without a token",
  });
}

export interface Authorizer {
  /** The header's value for the next request. */
  current(): string | undefined;
  /** Answers a 401; false where nothing better is known. */
  answer(header: string, signal: AbortSignal | undefined): Promise<boolean>;
}

/** Keeps the token for `scope` (`repository:library/debian:pull`) while it works. */
export function authorizer(scope: string, auth: RegistryAuth | undefined): Authorizer {
  let header = auth !== undefined && "registryToken" in auth ? `Bearer ${auth.registryToken}` : undefined;
  return {
    current: () => header,
    async answer(challengeHeader, signal) {
      for (const challenge of parseChallenges(challengeHeader)) {
        if (challenge.scheme === "bearer") {
          const token = await tokenFor(challenge, scope, auth, signal);
          if (token === undefined) return false;
          const fresh = `Bearer ${token}`;
          const better = fresh !== header;
          header = fresh;
          return better;
        }
        const credentials = challenge.scheme === "basic" ? basic(auth) : undefined;
        if (credentials !== undefined && credentials !== header) {
          header = credentials;
          return true;
        }
      }
      return false;
    },
  };
}
