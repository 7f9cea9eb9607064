import type { RegistryAuth } from "../images.ts";

/** RFC 7617 */
export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

/** The header of basic authentication; undefined where there is no password. */
export function basicHeader(auth: RegistryAuth | undefined): string | undefined {
  if (auth === undefined || !("username" in auth)) return undefined;
  return basic(auth.username, auth.password);
}
