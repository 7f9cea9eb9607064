import type { Change, DataType, Element } from "../kernel/nftables/batch.ts";
import { addressBytes, type Family, families, familyOf } from "../oci/address.ts";
import { type PortBinding, portBytes } from "../oci/port.ts";

/** What differs between the families: the maps of ports published on every address of the host, and on one; lengths. */
export const publicationMaps = {
  4: { everyAddress: "published", oneAddress: "published-on", type: "ipv4-address", registers: 1 },
  6: { everyAddress: "published6", oneAddress: "published-on6", type: "ipv6-address", registers: 4 },
} as const;

/** Ports, by protocol and number, that no family translates: all that comes to them is handed on by the daemon. */
export const HANDED_ON = "handed-on";
/** IANA's numbers. */
const protocols = { tcp: 6, udp: 17, sctp: 132 } as const;

/** What publishes ports, empty. */
export const publicationSets = (table: string): Change[] => [
  ...families.flatMap((family): Change[] => {
    const { everyAddress, oneAddress, type } = publicationMaps[family];
    const value: readonly DataType[] = [type, "port"];
    return [
      { kind: "make-map", table, map: everyAddress, key: ["protocol", "port"], value },
      { kind: "make-map", table, map: oneAddress, key: [type, "protocol", "port"], value },
    ];
  }),
  { kind: "make-set", table, set: HANDED_ON, key: ["protocol", "port"] },
];

/**
 * The elements that publish ports: of maps, each from a host's to a container's of the same family, and of the set of those
 * that have no counterpart there. Nothing is said of ::1, which nobody but the host reaches.
 */
export function* publications(
  table: string,
  addresses: readonly string[],
  bindings: readonly PortBinding[],
): Generator<Element> {
  for (const { hostIp, protocol, hostPort, containerPort, count } of bindings) {
    const translated = addresses.some((address) => isTranslated(hostIp, familyOf(address)));
    for (let step = 0; step < count && !translated && hostIp !== "::1"; step++)
      yield {
        table,
        map: HANDED_ON,
        key: withPort(Uint8Array.of(protocols[protocol], 0, 0, 0), hostPort + step),
      };
    for (const address of addresses) {
      const family = familyOf(address);
      if (!isTranslated(hostIp, family)) continue;
      const every = isEveryAddress(hostIp);
      const map = every ? publicationMaps[family].everyAddress : publicationMaps[family].oneAddress;
      const from = Uint8Array.of(...(every ? [] : addressBytes(hostIp)), protocols[protocol], 0, 0, 0);
      const to = addressBytes(address);
      for (let step = 0; step < count; step++)
        yield { table, map, key: withPort(from, hostPort + step), value: withPort(to, containerPort + step) };
    }
  }
}

const isTranslated = (hostIp: string, family: Family): boolean =>
  hostIp === "" || (familyOf(hostIp) === family && hostIp !== "::1" && !hostIp.includes("%"));

/** A port, padded to a register, behind what stands before it in a key or value. */
function withPort(before: Uint8Array, port: number): Uint8Array {
  const out = new Uint8Array(before.length + 4);
  out.set(before);
  out.set(portBytes(port), before.length);
  return out;
}

/** Of both families, or of one. */
const isEveryAddress = (hostIp: string): boolean => ["", "0.0.0.0", "::"].includes(hostIp);
