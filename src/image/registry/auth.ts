/** Credentials for one registry: the distribution spec's token exchange, or basic authentication. */
import type { RegistryAuth } from "../images.ts";
import { basicHeader } from "./basic.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { joinScopes } from "./scope.ts";
import { fetchToken, type Token } from "./token.ts";

export interface Authorizer {
  /** The header's value for the next request; a token that is about to expire is replaced first. */
  current(signal: AbortSignal | undefined): Promise<string | undefined>;
  /** Answers a 401 to a request that had the header `used`; false where nothing better is known. */
  answer(challenge: string, used: string | undefined, signal: AbortSignal | undefined): Promise<boolean>;
}

export interface AuthorizerOptions {
  /** The registry's address: `https://registry.example`. */
  readonly registry: string;
  /** `repository:library/debian:pull`; none to ask for nothing but who one is. */
  readonly scope: string;
  readonly auth: RegistryAuth | undefined;
  /** Milliseconds that a token service may be silent. */
  readonly silence?: number | undefined;
  /** Asks token services for a lasting token too, and is told it. */
  readonly onIdentityToken?: (token: string) => void;
}

/** Challenges of one answer that are met: each may be a request to a service that the registry names. */
const maxChallenges = 4;

/** Keeps the token for a scope while it works; requests that are refused at once share one renewal. */
export function authorizer({
  registry,
  scope,
  auth,
  silence,
  onIdentityToken,
}: AuthorizerOptions): Authorizer {
  let header = auth !== undefined && "registryToken" in auth ? `Bearer ${auth.registryToken}` : undefined;
  let renewal: { readonly challenge: Challenge; readonly due: number } | undefined;
  let renewing: Promise<boolean> | undefined;

  const keep = (challenge: Challenge, token: Token): boolean => {
    const before = header;
    header = `Bearer ${token.value}`;
    renewal = { challenge, due: token.due };
    if (token.identity !== undefined) onIdentityToken?.(token.identity);
    return header !== before;
  };
  const renew = (challenge: Challenge, signal: AbortSignal | undefined): Promise<boolean> => {
    const { realm = "", service, scope: told = "" } = challenge.parameters;
    const lasting = onIdentityToken !== undefined;
    const ask = { registry, realm, service, scopes: joinScopes(scope, told), auth, lasting, signal, silence };
    renewing ??= fetchToken(ask)
      .then((token) => token !== undefined && keep(challenge, token))
      .finally(() => {
        renewing = undefined;
      });
    return renewing;
  };
  const take = async (challenge: Challenge, signal: AbortSignal | undefined): Promise<boolean> => {
    if (challenge.scheme === "bearer") return await renew(challenge, signal);
    const credentials = challenge.scheme === "basic" ? basicHeader(auth) : undefined;
    if (credentials === undefined || credentials === header) return false;
    header = credentials;
    return true;
  };
  return {
    async current(signal) {
      if (renewal !== undefined && Date.now() >= renewal.due) await renew(renewal.challenge, signal);
      return header;
    },
    async answer(challengeHeader, used, signal) {
      // Another request has been refused before this one, and has a new token by now.
      if (used !== header && renewing === undefined && header !== undefined) return true;
      for (const challenge of parseChallenges(challengeHeader).slice(0, maxChallenges))
        if (await take(challenge, signal)) return true;
      return false;
    },
  };
}
