/** No two services publish at the same port of the host. */
import { isIP } from "node:net";
import { type Check, refuse } from "./place.ts";
import { publishedRange } from "./port.ts";
import type { Port } from "./project.ts";

interface Published {
  readonly service: string;
  readonly index: number;
  readonly port: Port;
}

/** A range is left alone: which of its ports is taken is found out when it is. */
export const portClashes: Check = ({ services }, places) => {
  const taken = new Map<string, Published[]>();
  for (const [service, { ports = [], network_mode }] of services) {
    if (network_mode !== undefined) continue;
    ports.forEach((port, index) => {
      const range = publishedRange(port);
      if (range === undefined || range.first !== range.last) return;
      const name = `${range.first}/${port.protocol}`;
      const own = { service, index, port };
      const others = taken.get(name) ?? [];
      const other = others.find((one) => clash(one, own));
      if (other !== undefined) {
        const { file, line } = places("services", other.service, "ports", other.index);
        refuse(
          places,
          ["services", service, "ports", index],
          `port ${name} of the host is published by services.${other.service}.ports[${other.index}], too (${file}:${line})`,
          "publish one of them at another port",
        );
      }
      taken.set(name, [...others, own]);
    });
  }
};

function clash(a: Published, b: Published): boolean {
  const [x, y] = [a.port.host_ip, b.port.host_ip];
  if (a.service === b.service && a.port.target === b.port.target && x === y) return false;
  if (x === undefined || y === undefined) return true;
  return isIP(x) === isIP(y) && (x === y || every.has(x) || every.has(y));
}

/** All addresses of their family; without one it is all of both. */
const every = new Set(["0.0.0.0", "::"]);
