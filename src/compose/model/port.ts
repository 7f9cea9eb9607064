/** `ports` and `expose` (05-services.md). */
import { isIP } from "node:net";
import type { Place } from "../file/node.ts";
import { type At, integer, type Kind, list, loose, matching, record, refuse, shown, text } from "./kind.ts";
import type { Port } from "./project.ts";

interface Range {
  readonly first: number;
  readonly last: number;
}

const protocols = ["tcp", "udp", "sctp"];
const form = `[[ADDRESS:]HOST PORT:]CONTAINER PORT[/PROTOCOL], such as "8080:80" or "127.0.0.1:53:53/udp"`;

const published = matching(
  'a port of the host or a range of them, such as "8080" or "8080-8090"',
  /^\d+(-\d+)?$/,
);

const long = record<Port>({
  name: text,
  mode: text,
  host_ip: text,
  target: integer(1, 65535),
  published,
  protocol: text,
  app_protocol: text,
});

/** A short form that names a range is as many ports. */
const onePort: Kind<readonly Port[]> = {
  read: (node, at) => {
    if (node.kind !== "mapping") return short(loose.read(node, at), node.place, at);
    const read = long.read(node, at);
    const port = { ...read, mode: read.mode ?? "ingress", protocol: read.protocol ?? "tcp" };
    if (port.target === undefined)
      refuse(at, node.place, "it has no target", "say which port of the container");
    if (port.published === "") {
      const { published: _none, ...rest } = port;
      return [rest];
    }
    if (port.published !== undefined) rangeOf(port.published, "published port", 0, node.place, at);
    addressed(port.host_ip, node.place, at);
    return [port];
  },
  print: (values, as) => values.map((value) => long.print(value, as)),
};

const many = list(onePort);

export const ports: Kind<readonly Port[]> = {
  read: (node, at) => {
    const seen = new Map(
      many
        .read(node, at)
        .flat()
        .map((port) => [JSON.stringify(port), port]),
    );
    return [...seen.values()];
  },
  print: (values, as) => values.map((value) => long.print(value, as)),
};

function short(written: string, place: Place, at: At): readonly Port[] {
  const [, ip, host, container = "", protocol = "tcp"] =
    /^(?:(?:(\[[^\]]*\]|.*):)?([^:]*):)?([^:/]+)(?:\/(.*))?$/.exec(written) ??
    refuse(at, place, `${JSON.stringify(written)} is not a port`, form);
  const kind = protocol.toLowerCase();
  if (!protocols.includes(kind))
    refuse(at, place, `"${protocol}" in "${written}" is no protocol`, `it is one of ${protocols.join(", ")}`);
  if (host !== undefined && isIP(host) !== 0)
    refuse(
      at,
      place,
      `"${host}" is not a port`,
      `behind an address comes the host's port: "${host}::${container}" for any`,
    );
  const address = ip?.replace(/^\[(.*)\]$/, "$1");
  addressed(address, place, at);
  const targets = rangeOf(container, "container port", 1, place, at);
  const common = { mode: "ingress", ...(address ? { host_ip: address } : {}) };
  const tail = { protocol: kind };
  if (host === undefined || host === "")
    return each(targets).map((target) => ({ ...common, target, ...tail }));
  const hosts = rangeOf(host, "host port", 0, place, at);
  const width = targets.last - targets.first;
  if (width === 0)
    return [
      {
        ...common,
        target: targets.first,
        published: hosts.first === hosts.last ? String(hosts.first) : `${hosts.first}-${hosts.last}`,
        ...tail,
      },
    ];
  if (hosts.last - hosts.first !== width)
    refuse(
      at,
      place,
      `"${written}" maps ${hosts.last - hosts.first + 1} host ports to ${width + 1} container ports`,
      "write ranges of the same length",
    );
  return each(targets).map((target) => ({
    ...common,
    target,
    published: String(hosts.first + target - targets.first),
    ...tail,
  }));
}

/** In the order of their digits, as docker compose v2 has them: it counts in the hash. */
function each({ first, last }: Range): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index))
    .sort()
    .map(Number);
}

function rangeOf(written: string, what: string, least: number, place: Place, at: At): Range {
  const [, from = "", to = from] = /^(\d+)(?:-(\d+))?$/.exec(written) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === "" || first < least || last > 65535)
    refuse(
      at,
      place,
      `"${written}" is not a ${what}`,
      `it is a number from ${least} to 65535, or a range of them`,
    );
  if (first > last) refuse(at, place, `the range "${written}" ends before it begins`);
  return { first, last };
}

function addressed(address: string | undefined, place: Place, at: At): void {
  if (address && isIP(address) === 0)
    refuse(at, place, `"${address}" is not an IP address`, "a port of the host is bound to an address of it");
}

/** Ports that a published one may take: what two of which cannot have both. */
export function publishedRange({ published: host }: Port): Range | undefined {
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(host ?? "") ?? [];
  return from === undefined || from === "0" ? undefined : { first: Number(from), last: Number(to) };
}

/** Ports of the container, without publishing them. */
export const expose: Kind<readonly string[]> = {
  read: (node, at) => {
    const read = list(loose).read(node, at);
    read.forEach((port, index) => {
      if (!/^\d+(-\d+)?(\/(tcp|udp|sctp))?$/i.test(port))
        refuse(
          { ...at, path: `${at.path}[${index}]` },
          (node.kind === "sequence" && node.items[index]?.place) || node.place,
          `${node.kind === "sequence" ? shown(node.items[index] ?? node) : port} is not a port`,
          'a port of the container or a range, such as "3000" or "8080-8085/udp"',
        );
    });
    return [...new Set(read)];
  },
  print: (values) => values,
};
