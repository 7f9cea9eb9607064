import { isIP, isIPv4 } from "node:net";
import { InroError } from "../oci/error.ts";
import { RESOLVER } from "./names/redirection.ts";

/** What of the host decides a container's resolver. */
export interface HostResolver {
  /** /etc/resolv.conf as it is. */
  readonly configuration: string;
  /** systemd-resolved's list of the real servers behind its stub on 127.0.0.53; undefined without one. */
  readonly upstream: string | undefined;
}

export interface ResolverRequest {
  /** Where it can reach from: a network whose names we answer for, the default one, the host's, or nothing. */
  readonly network: "named" | "bridge" | "none" | "host";
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** Where systemd-resolved keeps them. */
export const UPSTREAM_FILE = "/run/systemd/resolve/resolv.conf";

const publicServers = ["8.8.8.8", "8.8.4.4"];

/**
 * The container's resolv.conf. In a network that somebody made it leads to us, who ask the servers that were asked for, or
 * the host's. In the default one it has these itself, as far as they can be reached: a resolver on the host's loopback
 * cannot (the container has a loopback of its own), nor can one behind IPv6. Where none can, it leads to us too.
 */
export function resolvConf(
  host: HostResolver,
  request: ResolverRequest,
): { text: string; warnings: readonly string[] } {
  check(request);
  const found = parse(host.configuration);
  const { servers, warnings } = chooseServers(host, found.servers, request);
  const search = request.search.length > 0 ? request.search.filter((domain) => domain !== ".") : found.search;
  const asked = request.options.length > 0 ? request.options : found.options;
  // resolv.conf(5): a name without a dot is asked for as it is, before the search domains.
  const isOurs = servers.includes(RESOLVER) && !asked.some((option) => option.startsWith("ndots:"));
  const options = isOurs ? [...asked, "ndots:0"] : asked;
  const lines = [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ];
  return { text: lines.map((line) => `${line}\n`).join(""), warnings };
}

function chooseServers(
  host: HostResolver,
  own: readonly string[],
  request: ResolverRequest,
): { servers: readonly string[]; warnings: readonly string[] } {
  const ours = { servers: [RESOLVER], warnings: [] };
  // One on loopback is the container's own, and may ask us in turn.
  const isOwn = request.network !== "named" || request.servers.some(isLoopback);
  if (request.servers.length > 0 && isOwn) return { servers: request.servers, warnings: [] };
  if (request.network === "host") return { servers: own, warnings: [] };
  if (request.network === "named" && request.servers.length + own.length > 0) return ours;
  const reachable = own.filter(isReachable);
  if (reachable.length > 0 || request.network === "none") return { servers: reachable, warnings: [] };
  const upstream = parse(host.upstream ?? "").servers.filter(isReachable);
  if (upstream.length > 0) return { servers: upstream, warnings: [] };
  if (own.length > 0) return ours;
  const warning =
    `the host names no resolver; ${publicServers.join(" and ")} are used instead ` +
    "(choose others with --dns)";
  return { servers: request.network === "named" ? [RESOLVER] : publicServers, warnings: [warning] };
}

/** resolv.conf(5): 0.0.0.0 is the machine itself. */
export const isLoopback = (server: string): boolean =>
  server.startsWith("127.") || ["0.0.0.0", "::1", "::"].includes(server);

const isReachable = (server: string) => isIPv4(server) && !isLoopback(server);

/** Whom it says to ask; a zone may say by which interface (`fe80::1%eth0`). */
export const namedServers = (configuration: string): readonly string[] =>
  parse(configuration).servers.filter((server) => isIP(server.replace(/%.*$/, "")) !== 0);

/** Whom the host asks. */
export function serversOf(configuration: string): readonly string[] {
  const own = namedServers(configuration);
  return own.length > 0 ? own : publicServers;
}

interface Parsed {
  readonly servers: string[];
  readonly search: string[];
  readonly options: string[];
}

/** resolv.conf(5): of several `search` and `domain` lines the last one counts; options add up. */
function parse(text: string): Parsed {
  const parsed: Parsed = { servers: [], search: [], options: [] };
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && words[0] !== undefined) parsed.servers.push(words[0]);
    if (keyword === "search" || keyword === "domain") parsed.search.splice(0, Infinity, ...words);
    if (keyword === "options") parsed.options.push(...words);
  }
  return parsed;
}

/** R24: what a user gives stays one word; a line break in it would be a line of its own in the file. */
function check(request: ResolverRequest): void {
  const invalid = (option: string, value: string, why: string) =>
    new InroError("INVALID_OPTION", {
      what: `cannot use ${option} ${JSON.stringify(value)}`,
      why,
      at: option,
    });
  for (const server of request.servers)
    if (isIP(server) === 0) throw invalid("--dns", server, "it is not an IP address");
  for (const domain of request.search)
    if (!/^[^\s#;]+$/.test(domain)) throw invalid("--dns-search", domain, "it is not a domain");
  for (const option of request.options)
    if (!/^[^\s#;]+$/.test(option)) throw invalid("--dns-option", option, "it is not one word");
}
