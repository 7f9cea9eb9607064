/** `ports` and `expose` (05-services.md). */
import { isIP } from "node:net";
import type { Place } from "../file/node.ts";
import { noAddress, rangeOf, readPorts, type Wrong } from "../file/short/port.ts";
import { list } from "./collection.ts";
import { type At, type Kind, refuse, shown } from "./kind.ts";
import type { Port } from "./project.ts";
import { record } from "./record.ts";
import { integer, loose, matching, text } from "./scalar.ts";

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
    const range = port.published === undefined ? undefined : rangeOf(port.published, "published port", 0);
    if (range !== undefined && "why" in range) wrong(range, node.place, at);
    if (port.host_ip && isIP(port.host_ip) === 0) wrong(noAddress(port.host_ip), node.place, at);
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
  const read = readPorts(written);
  return "why" in read ? wrong(read, place, at) : read.map((port) => ({ mode: "ingress", ...port }));
}

const wrong = ({ why, hint }: Wrong, place: Place, at: At): never => refuse(at, place, why, hint);

/** Ports that a published one may take: what two of which cannot have both. */
export function publishedRange({ published: host }: Port): { first: number; last: number } | undefined {
  const read = rangeOf(host ?? "", "published port", 1);
  return "why" in read ? undefined : read;
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
