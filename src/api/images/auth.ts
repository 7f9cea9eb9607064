import type { RegistryAsking, RegistryAuth } from "../../image/images.ts";
import { registryOf } from "../../image/registry/login.ts";
import { type Asked, asked, text } from "../asked.ts";
import type { Exchange } from "../exchange.ts";
import { refuse } from "../status.ts";
import type { NamedBy } from "./named-by.ts";

/**
 * The X-Registry-Auth header: base64url of a JSON object. `null`: the client gave no credentials, or not those of `owner`,
 * the registry that they have to be for.
 */
export function registryAuth(
  header: string | readonly string[] | undefined,
  owner?: string,
): RegistryAuth | null {
  const value = Array.isArray(header) ? header[0] : (header as string | undefined);
  if (value === undefined || value === "" || value === "null") return null;
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(value, "base64").toString("utf8"));
  } catch {
    throw refuse(
      400,
      "cannot read the X-Registry-Auth header",
      "it is not the base64 of JSON",
      "X-Registry-Auth",
    );
  }
  const config = asked(found, "X-Registry-Auth.");
  if (owner !== undefined && registryOf(text(config, "serveraddress")) !== owner) return null;
  return credentials(config);
}

/** How the registry is asked for a request about a name, and no longer than its client waits. */
export const askingFor = (x: Exchange, { owner }: NamedBy): RegistryAsking => ({
  auth: registryAuth(x.request.headers["x-registry-auth"], owner) ?? undefined,
  signal: x.signal,
});

/** Docker's AuthConfig. */
export function credentials(config: Asked): RegistryAuth | null {
  const identityToken = text(config, "identitytoken");
  if (identityToken !== "") return { identityToken };
  const registryToken = text(config, "registrytoken");
  if (registryToken !== "") return { registryToken };
  const [username, password] = [text(config, "username"), text(config, "password")];
  if (username !== "" || password !== "") return { username, password };
  const pair = Buffer.from(text(config, "auth"), "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 ? null : { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
