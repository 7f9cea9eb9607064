import { constants } from "node:os";
import { encodeBatch } from "../kernel/nftables/batch.ts";
import { bracketed } from "../oci/address.ts";
import { type PortBinding, portRange } from "../oci/port.ts";
import { adding, taking } from "./memberships.ts";
import { type Netlink, netfilter } from "./operations.ts";
import { publications } from "./publications.ts";

const { ENOENT } = constants.errno;

/** Opens ports of a container's addresses: one transaction, whatever their number. */
export const publish = (
  table: string,
  addresses: readonly string[],
  ports: readonly PortBinding[],
): Netlink =>
  netfilter(encodeBatch(adding(publications(table, addresses, ports))), {
    because: flags(ports),
    what: `publish ${ports.map((port) => `${describeBinding(port)} to ${addresses.map(bracketed).join(" and ")}:${inside(port)}`).join(", ")}`,
  });

/** Done already is done: the monitor, a failed start and the daemon may all have to undo. */
export const unpublish = (
  table: string,
  addresses: readonly string[],
  ports: readonly PortBinding[],
): Netlink =>
  netfilter(encodeBatch(taking(publications(table, addresses, ports))), {
    ...{ because: flags(ports), tolerate: ENOENT },
    what: `close ${ports.map(describeBinding).join(", ")}`,
  });

const flags = (ports: readonly PortBinding[]) =>
  ports.map((port) => `-p ${describeBinding(port)}:${inside(port)}`).join(" ");

const inside = ({ containerPort, count }: PortBinding) => portRange(containerPort, count);

/** `127.0.0.1:8000/tcp`, `[::1]:8000-8099/udp`. */
export function describeBinding({ hostIp, hostPort, count, protocol }: PortBinding): string {
  return `${bracketed(hostIp || "0.0.0.0")}:${portRange(hostPort, count)}/${protocol}`;
}
