/** `extra_hosts` (05-services.md). */
import { isIP } from "node:net";
import type { Place } from "../file/node.ts";
import { hostOf } from "../file/short/pair.ts";
import { list, oneOrMore } from "./collection.ts";
import { type At, inside, type Kind, refuse } from "./kind.ts";
import { text } from "./scalar.ts";

type Hosts = Readonly<Record<string, readonly string[]>>;

const hint = 'HOST=ADDRESS, such as "db=10.0.0.5" or "gateway=host-gateway"';

export const hosts: Kind<Hosts> = {
  read: (node, at) => {
    const found = new Map<string, string[]>();
    const add = (host: string, address: string, place: Place, where: At) => {
      const plain = address.replace(/^\[(.*)\]$/, "$1");
      if (isIP(plain) === 0 && plain !== "host-gateway")
        refuse(where, place, `"${address}" is not an address for ${host}`, hint);
      const known = found.get(host) ?? [];
      found.set(host, known.includes(plain) ? known : [...known, plain]);
    };
    if (node.kind === "mapping")
      for (const [host, { value }] of node.entries)
        for (const address of oneOrMore(text).read(value, inside(at, host)))
          add(host, address, value.place, inside(at, host));
    else
      list(text)
        .read(node, at)
        .forEach((line, index) => {
          const where = inside(at, index);
          const place = (node.kind === "sequence" && node.items[index]?.place) || node.place;
          const pair = hostOf(line);
          if (pair === undefined) refuse(where, place, `"${line}" is no host with an address`, hint);
          add(...pair, place, where);
        });
    return Object.fromEntries(found);
  },
  print: (value) =>
    Object.entries(value)
      .flatMap(([host, addresses]) => addresses.map((address) => `${host}=${address}`))
      .sort(),
};
