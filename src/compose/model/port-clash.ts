/** No two services publish at the same port of the host. */
import { type Check, refuse } from "./place.ts";
import { publishedRange } from "./port.ts";
import type { Port } from "./project.ts";

interface Published {
  readonly service: string;
  readonly index: number;
  readonly port: Port;
  readonly host: number;
}

/** A range is left alone: which of its ports is taken is found out when it is. */
export const portClashes: Check = ({ services }, places) => {
  const taken: Published[] = [];
  for (const [service, { ports = [], network_mode }] of services) {
    if (network_mode !== undefined) continue;
    ports.forEach((port, index) => {
      const range = publishedRange(port);
      if (range === undefined || range.first !== range.last) return;
      const own = { service, index, port, host: range.first };
      const other = taken.find((one) => clash(one, own));
      if (other !== undefined) {
        const { file, line } = places("services", other.service, "ports", other.index);
        refuse(
          places,
          ["services", service, "ports", index],
          `port ${own.host}/${port.protocol} of the host is published by services.${other.service}.ports[${other.index}], too (${file}:${line})`,
          "publish one of them at another port",
        );
      }
      taken.push(own);
    });
  }
};

function clash(a: Published, b: Published): boolean {
  if (a.host !== b.host || a.port.protocol !== b.port.protocol) return false;
  if (a.service === b.service && a.port.target === b.port.target && a.port.host_ip === b.port.host_ip)
    return false;
  const [x, y] = [a.port.host_ip, b.port.host_ip];
  return x === y || isEvery(x) || isEvery(y);
}

const isEvery = (address: string | undefined): boolean =>
  address === undefined || address === "0.0.0.0" || address === "::";
