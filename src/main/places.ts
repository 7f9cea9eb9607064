import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { registriesFile } from "../image/registry/registries.ts";
import { type DriverName, parseDriver } from "../image/snapshot/driver.ts";
import { trustFile } from "../image/trust/policy-file.ts";
import { type ForeignPolicy, parseForeignPolicy } from "../network/foreign/policy.ts";
import type { DefaultNetworkRequest } from "../network/network.ts";
import { InroError } from "../oci/error.ts";

/** Where an engine keeps its things and listens. Two engines differ in all three. */
export interface Places {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly socket: string;
  /** The group that may use the socket beside root. */
  readonly group: string | null;
  /** The file of mirrors and rewrites. */
  readonly registries: string;
  /** Where devices are described (CDI); null: where they usually are. */
  readonly cdiFolders: readonly string[] | null;
  /** The policy of what may be pulled and run. */
  readonly trust: string;
  /** The storage driver; null: the first that works. */
  readonly storageDriver: DriverName | null;
  /** What is done about chains of other firewalls that drop what containers send and get. */
  readonly foreignFirewalls: ForeignPolicy;
  /** The host's address that ports are published on where nobody names one; empty: every address. */
  readonly publishOn: string;
  /** How the network `bridge` is. */
  readonly defaultNetwork: DefaultNetworkRequest;
  /** Bytes that the build cache may have; 0: any number; null: what the disk allows. */
  readonly buildCacheBytes: number | null;
  /** Hear more of what goes on. */
  readonly debug: boolean;
}

/** The engine's own options, with a value or without; the command line's client knows the same ones. */
const VALUED: Readonly<
  Record<
    string,
    | ("dataRoot" | "execRoot" | "host" | "group" | "registries" | "trust" | "storageDriver")
    | ("foreignFirewalls" | "ip" | "bip" | "bip6" | "buildCache")
  >
> = {
  "--data-root": "dataRoot",
  "--exec-root": "execRoot",
  "-H": "host",
  "--host": "host",
  "-G": "group",
  "--group": "group",
  "--registries": "registries",
  "--trust": "trust",
  "--storage-driver": "storageDriver",
  "-s": "storageDriver",
  "--firewall-foreign": "foreignFirewalls",
  "--ip": "ip",
  "--bip": "bip",
  "--bip6": "bip6",
  "--builder-keep-storage": "buildCache",
};

/** May be given several times. */
const CDI = "--cdi-spec-dir";

/** The engine's options among the words of a command line, and the words that are left. INVALID_OPTION. */
export function parsePlaces(words: readonly string[]): { places: Places; rest: readonly string[] } {
  const given: Partial<Record<(typeof VALUED)[string], string>> = {};
  const rest: string[] = [];
  let [debug, ipv6] = [false, false];
  let cdiFolders: string[] | null = null;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const equals = word.indexOf("=");
    const name = word.startsWith("--") && equals > 0 ? word.slice(0, equals) : word;
    const field = VALUED[name];
    if (name === "-D" || name === "--debug") debug = true;
    else if (word === "--ipv6") ipv6 = true;
    else if (field === undefined && name !== CDI) rest.push(word);
    else {
      const value = name === word ? wordAfter(name, words[++at]) : word.slice(equals + 1);
      if (field !== undefined) given[field] = value;
      // An empty one: none at all.
      else cdiFolders = [...(cdiFolders ?? []), ...(value === "" ? [] : [resolve(value)])];
    }
  }
  const execRoot = resolve(given.execRoot ?? "/run/inro");
  return {
    places: {
      dataRoot: resolve(given.dataRoot ?? "/var/lib/inro"),
      execRoot,
      socket: given.host === undefined ? join(execRoot, "inro.sock") : socketPath(given.host),
      group: given.group ?? null,
      registries: resolve(given.registries ?? registriesFile),
      cdiFolders,
      trust: resolve(given.trust ?? trustFile),
      storageDriver: given.storageDriver === undefined ? null : parseDriver(given.storageDriver),
      foreignFirewalls: parseForeignPolicy(given.foreignFirewalls ?? "tell"),
      publishOn: given.ip === undefined ? "" : address(given.ip),
      defaultNetwork: { ipv6, address: given.bip, address6: given.bip6 },
      buildCacheBytes: given.buildCache === undefined ? null : bytesOf(given.buildCache),
      debug,
    },
    rest,
  };
}

function wordAfter(name: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new InroError("INVALID_OPTION", {
    what: `cannot understand ${name}`,
    why: "it needs a value",
    at: name,
  });
}

function address(ip: string): string {
  if (isIP(ip) !== 0) return ip;
  throw new InroError("INVALID_OPTION", {
    what: `cannot publish ports on "${ip}"`,
    why: "it is not an address of the host",
    at: "--ip",
  });
}

/** `20g`, in powers of 1024. */
function bytesOf(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  if (digits !== undefined)
    return Math.floor(Number(digits) * 1024 ** " kmgt".indexOf(unit.toLowerCase() || " "));
  throw new InroError("INVALID_OPTION", {
    what: `cannot keep "${text}" of the build cache`,
    why: "it is no number of bytes",
    hint: "write 20g, or 0 for any number",
    at: "--builder-keep-storage",
  });
}

/** R16: no TCP listener without TLS client certificates, and those are not there yet. */
function socketPath(host: string): string {
  if (host.startsWith("unix://")) return resolve(host.slice("unix://".length));
  if (host.startsWith("/")) return host;
  throw new InroError("INVALID_OPTION", {
    what: `cannot listen on "${host}"`,
    why: "only unix sockets are served",
    hint: "write it as unix:///run/inro/inro.sock",
    at: "-H",
  });
}
