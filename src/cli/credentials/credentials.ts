/** What one says to a registry to be let in: found, kept and forgotten where docker's command line does it too. */
import { type Config, configPath, type Entry, parseConfig, readConfig, writeConfig } from "./config-file.ts";
import { helperErase, helperGet, helperList, helperStore } from "./helper.ts";

export type Credentials =
  | { readonly username: string; readonly password: string }
  /** Of a token service: stands for the password, which is then kept nowhere. */
  | { readonly username: string; readonly identityToken: string }
  | { readonly username: string; readonly registryToken: string };

/** The name under which docker keeps credentials for docker.io, for reasons of 2013. */
const dockerHub = "https://index.docker.io/v1/";
/** A helper's user name for a secret that is an identity token. */
const tokenUser = "<token>";

const hostOf = (server: string) => server.replace(/^https?:\/\//, "").split("/")[0] ?? "";

/** The key under which a registry's credentials are kept. */
export function serverOf(registry: string): string {
  const host = hostOf(registry);
  return ["", "docker.io", "index.docker.io", "registry-1.docker.io"].includes(host) ? dockerHub : host;
}

function ofEntry(entry: Entry): Credentials | undefined {
  const pair = Buffer.from(entry.auth ?? "", "base64").toString("utf8");
  const colon = pair.indexOf(":");
  const username = entry.username ?? pair.slice(0, Math.max(colon, 0));
  const password = entry.password ?? pair.slice(colon + 1).replace(/\0+$/, "");
  if (entry.identitytoken) return { username, identityToken: entry.identitytoken };
  if (entry.registrytoken) return { username, registryToken: entry.registrytoken };
  return username === "" ? undefined : { username, password };
}

function toEntry(credentials: Credentials): Entry {
  const password = "password" in credentials ? credentials.password : "";
  const auth = Buffer.from(`${credentials.username}:${password}`).toString("base64");
  if ("identityToken" in credentials) return { auth, identitytoken: credentials.identityToken };
  return "registryToken" in credentials ? { auth, registrytoken: credentials.registryToken } : { auth };
}

/** The keys of the file that mean the server: itself, or an address of it as docker once wrote them. */
function keysOf(config: Config, server: string): string[] {
  const keys = Object.keys(config.auths ?? {});
  return keys.includes(server)
    ? [server]
    : keys.filter((key) => server !== dockerHub && hostOf(key) === server);
}

const helperOf = (config: Config, server: string): string | undefined => {
  const name = config.credHelpers?.[server] ?? config.credsStore;
  return name === "" ? undefined : name;
};

function entryIn(config: Config, server: string): Credentials | undefined {
  const [key] = keysOf(config, server);
  return key === undefined ? undefined : ofEntry(config.auths?.[key] ?? {});
}

/**
 * What is kept for a registry; DOCKER_AUTH_CONFIG, the file's text that a pipeline hands over, goes before the file.
 * Throws CONFIG_INVALID, CREDENTIAL_HELPER_FAILED.
 */
export async function findCredentials(registry: string): Promise<Credentials | undefined> {
  const server = serverOf(registry);
  const handed = process.env["DOCKER_AUTH_CONFIG"] ?? "";
  const first = handed === "" ? undefined : entryIn(parseConfig(handed, "DOCKER_AUTH_CONFIG"), server);
  if (first !== undefined) return first;
  const config = readConfig(configPath());
  const helper = helperOf(config, server);
  if (helper === undefined) return entryIn(config, server);
  const kept = await helperGet(helper, server);
  if (kept === undefined) return undefined;
  if (kept.Username === tokenUser) return { username: "", identityToken: kept.Secret };
  return { username: kept.Username, password: kept.Secret };
}

/** Every registry that something is kept for. CONFIG_INVALID, CREDENTIAL_HELPER_FAILED. */
export async function knownServers(): Promise<readonly string[]> {
  const handed = process.env["DOCKER_AUTH_CONFIG"] ?? "";
  const config = readConfig(configPath());
  const store = config.credsStore ?? "";
  const listed = [
    ...Object.keys((handed === "" ? {} : parseConfig(handed, "DOCKER_AUTH_CONFIG")).auths ?? {}),
    ...Object.keys(config.auths ?? {}),
    ...Object.keys(config.credHelpers ?? {}),
    ...(store === "" ? [] : await helperList(store)),
  ];
  return [...new Set(listed.map(serverOf))];
}

/** Keeps them; answers the path of the file that now holds them as they are, if one does. */
export async function keepCredentials(
  registry: string,
  credentials: Credentials,
): Promise<string | undefined> {
  const path = configPath();
  const config = readConfig(path);
  const server = serverOf(registry);
  const helper = helperOf(config, server);
  const put = (entry: Entry) => writeConfig(path, { ...config, auths: { ...config.auths, [server]: entry } });
  if (helper === undefined) {
    put(toEntry(credentials));
    return path;
  }
  const isToken = "identityToken" in credentials;
  const Username = isToken ? tokenUser : credentials.username;
  const Secret = isToken
    ? credentials.identityToken
    : "password" in credentials
      ? credentials.password
      : credentials.registryToken;
  await helperStore(helper, server, { Username, Secret });
  // So that docker lists the server as one that it knows.
  put({});
  return undefined;
}

/** Forgets them; false where nothing was kept. */
export async function forgetCredentials(registry: string): Promise<boolean> {
  const path = configPath();
  const config = readConfig(path);
  const server = serverOf(registry);
  const helper = helperOf(config, server);
  const keys = keysOf(config, server);
  const kept = helper !== undefined && (await helperGet(helper, server)) !== undefined;
  if (helper !== undefined && kept) await helperErase(helper, server);
  if (keys.length === 0) return kept;
  const auths = Object.fromEntries(Object.entries(config.auths ?? {}).filter(([key]) => !keys.includes(key)));
  writeConfig(path, { ...config, auths });
  return true;
}
