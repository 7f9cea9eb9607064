/** Whether a registry takes these credentials. */
import { InroError } from "../../oci/error.ts";
import type { RegistryAuth } from "../images.ts";
import { addressOf } from "./address.ts";
import { bodyOf } from "./answer.ts";
import { authorizer } from "./auth.ts";
import { isCertificateError, request } from "./http.ts";

/** What a registry says to credentials that it takes. */
export interface LoggedIn {
  /** Stands for the password from now on; a token service may give one. */
  readonly identityToken: string | undefined;
}

/**
 * Asks `https://…/v2/` with the credentials (distribution spec, "Determining Support"). A registry that asks nobody who
 * they are takes any. Throws CREDENTIALS_REFUSED, REGISTRY_UNREACHABLE.
 */
export async function checkCredentials(
  domain: string,
  auth: RegistryAuth,
  signal?: AbortSignal,
  insecure?: readonly string[],
): Promise<LoggedIn> {
  let failure: unknown;
  for (const base of addressOf(domain, insecure).bases) {
    try {
      const found = await taken(`${base}/v2/`, auth, signal);
      if (found !== undefined) return found;
    } catch (error) {
      if (isCertificateError(error)) throw error;
      failure ??= error;
      continue;
    }
    throw new InroError("CREDENTIALS_REFUSED", {
      what: `cannot log in to ${domain}`,
      why: "it does not take this user name and password",
    });
  }
  throw failure;
}

async function taken(
  url: string,
  auth: RegistryAuth,
  signal: AbortSignal | undefined,
): Promise<LoggedIn | undefined> {
  let identityToken: string | undefined;
  const onIdentityToken = (token: string) => {
    identityToken = token;
  };
  const authorize = authorizer({ registry: url, scope: "", auth, onIdentityToken });
  for (let attempt = 0; attempt < 3; attempt++) {
    const authorization = await authorize.current(signal);
    const headers = authorization === undefined ? {} : { authorization };
    const response = await request({ url, headers, signal });
    await bodyOf(response, 1 << 20);
    if (response.ok) return { identityToken };
    const challenge = response.headers.get("www-authenticate");
    if (
      response.status !== 401 ||
      challenge === null ||
      !(await authorize.answer(challenge, authorization, signal))
    )
      break;
  }
  return undefined;
}

/** `https://index.docker.io/v1/` is docker.io; otherwise the host and its port. */
export function registryOf(serverAddress: string): string {
  const host = serverAddress.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return host === "" || host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}
