import type { RegistryAuth } from "../images.ts";

/** The header of basic authentication (RFC 7617); undefined where there is no password. */
export function basicHeader(auth: RegistryAuth | undefined): string | undefined {
  if (auth === undefined || !("username" in auth)) return undefined;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
}
