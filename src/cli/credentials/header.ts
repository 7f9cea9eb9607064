import { parseReference } from "../../oci/reference.ts";
import { printWarning } from "../print-error.ts";
import { err } from "../terminal/output.ts";
import { type Credentials, findCredentials, knownServers, serverOf } from "./credentials.ts";

/** Docker's AuthConfig. */
export function authConfig(registry: string, credentials: Credentials): Readonly<Record<string, string>> {
  const serveraddress = serverOf(registry);
  const { username } = credentials;
  if ("identityToken" in credentials)
    return { username, identitytoken: credentials.identityToken, serveraddress };
  if ("registryToken" in credentials)
    return { username, registrytoken: credentials.registryToken, serveraddress };
  return { username, password: credentials.password, serveraddress };
}

/**
 * The X-Registry-Auth header for what an image's name leads to; none where nothing is kept. A helper that fails is told
 * and not in the way: most images are for everybody.
 */
export async function registryHeaders(image: string): Promise<Readonly<Record<string, string>>> {
  const { domain } = parseReference(image);
  try {
    const found = await findCredentials(domain);
    if (found === undefined) return {};
    const json = JSON.stringify(authConfig(domain, found));
    return { "x-registry-auth": Buffer.from(json).toString("base64url") };
  } catch (error) {
    err(printWarning(error));
    return {};
  }
}

/** The X-Registry-Config header of a build, which may need any registry: all that is kept. */
export async function allRegistryHeaders(): Promise<Readonly<Record<string, string>>> {
  const config: Record<string, unknown> = {};
  try {
    for (const server of await knownServers()) {
      const found = await findCredentials(server);
      if (found !== undefined) config[server] = authConfig(server, found);
    }
  } catch (error) {
    err(printWarning(error));
  }
  if (Object.keys(config).length === 0) return {};
  return { "x-registry-config": Buffer.from(JSON.stringify(config)).toString("base64url") };
}
