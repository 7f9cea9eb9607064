/** A port as `ports` has it in short form: `[[IP:][PUBLISHED]:]TARGET[/PROTOCOL]` (05-services.md, "ports"). */
import { isIP } from "node:net";

export interface ShortPort {
  readonly host_ip?: string;
  readonly target: number;
  /** A number; a range where one of several is taken for one target. */
  readonly published?: string;
  readonly protocol: string;
}

/** Why a text is none, and what would be one. */
export interface Wrong {
  readonly why: string;
  readonly hint?: string;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

const PROTOCOLS = ["tcp", "udp", "sctp"];
const FORM = /^(?:(?:(\[[^\]]*\]|.*):)?([^:]*):)?([^:/]+)(?:\/(.*))?$/;
const HINT = `[[ADDRESS:]HOST PORT:]CONTAINER PORT[/PROTOCOL], such as "8080:80" or "127.0.0.1:53:53/udp"`;

/** One for each port of a range. */
export function readPorts(text: string): readonly ShortPort[] | Wrong {
  const match = FORM.exec(text);
  if (match === null) return { why: `${JSON.stringify(text)} is not a port`, hint: HINT };
  const [, bracketed, host = "", container = "", protocol = "tcp"] = match;
  const kind = protocol.toLowerCase();
  if (!PROTOCOLS.includes(kind))
    return {
      why: `"${protocol}" in "${text}" is no protocol`,
      hint: `it is one of ${PROTOCOLS.join(", ")}`,
    };
  if (isIP(host) !== 0)
    return {
      why: `"${host}" is not a port`,
      hint: `behind an address comes the host's port: "${host}::${container}" for any`,
    };
  const address = bracketed?.replace(/^\[(.*)\]$/, "$1") ?? "";
  if (address !== "" && isIP(address) === 0) return noAddress(address);
  const targets = rangeOf(container, "container port", 1);
  if ("why" in targets) return targets;
  const hosts = host === "" ? undefined : rangeOf(host, "host port", 0);
  if (hosts !== undefined && "why" in hosts) return hosts;
  const one = (target: number, published: string | undefined): ShortPort => ({
    ...(address === "" ? {} : { host_ip: address }),
    target,
    ...(published === undefined ? {} : { published }),
    protocol: kind,
  });
  const [width, choices] = [countOf(targets), hosts === undefined ? undefined : countOf(hosts)];
  if (hosts !== undefined && width === 1)
    return [one(targets.first, choices === 1 ? `${hosts.first}` : `${hosts.first}-${hosts.last}`)];
  if (choices !== undefined && choices !== width)
    return {
      why: `"${text}" maps ${choices} host ports to ${width} container ports`,
      hint: "write ranges of the same length",
    };
  return each(targets).map((target) =>
    one(target, hosts === undefined ? undefined : `${hosts.first + target - targets.first}`),
  );
}

/** The same; undefined where it is not written so. */
export function shortPorts(text: string): readonly ShortPort[] | undefined {
  const read = readPorts(text);
  return "why" in read ? undefined : read;
}

export const noAddress = (text: string): Wrong => ({
  why: `"${text}" is not an IP address`,
  hint: "a port of the host is bound to an address of it",
});

const countOf = ({ first, last }: Range): number => last - first + 1;

/** Ordered as texts are, as docker compose has them: their order counts in a service's hash. */
function each(range: Range): readonly number[] {
  return Array.from({ length: countOf(range) }, (_, index) => String(range.first + index))
    .sort()
    .map(Number);
}

/** `80` or `8000-8010`, both ends in it. */
export function rangeOf(text: string, what: string, least: number): Range | Wrong {
  const [, from = "", to = from] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === "" || first < least || last > 65535)
    return {
      why: `"${text}" is not a ${what}`,
      hint: `it is a number from ${least} to 65535, or a range of them`,
    };
  return first > last ? { why: `the range "${text}" ends before it begins` } : { first, last };
}
