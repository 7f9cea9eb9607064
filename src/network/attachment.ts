import type { IpvlanFlag, IpvlanMode, MacvlanMode } from "../kernel/netlink/upper.ts";
import type { PlanFragment } from "../kernel/plan/fragment.ts";
import { type Family, familyOf } from "../oci/address.ts";
import type { PortBinding, PortRequest } from "../oci/port.ts";
import type { Shaper } from "./bandwidth.ts";

/** Addresses of one family that a network gives out. Plain JSON, as recorded. */
export interface Block {
  /** `172.20.0.0/16`, `fd00:0:0:1::/64`. */
  readonly subnet: string;
  readonly gateway: string;
  /** The part of the subnet that addresses are given from; null: all of it. */
  readonly range: string | null;
  /** Addresses that no container gets. */
  readonly reserved: readonly string[];
}

/** What networks of every driver have. Plain JSON, as recorded. */
interface AnyNetwork {
  /** Unique in an engine; `bridge` is the default one. */
  readonly name: string;
  /** IPv4 before IPv6; several of a family where the driver can. */
  readonly blocks: readonly Block[];
  /** Its containers reach each other and nothing else. */
  readonly internal: boolean;
  /** Bytes; null: the kernel's. */
  readonly mtu: number | null;
}

/** A bridge of the host, which has the gateways' addresses. */
export interface BridgeNetwork extends AnyNetwork {
  readonly driver: "bridge";
  /** The bridge's interface, unique in one network namespace. */
  readonly interface: string;
  /** Its containers reach each other at all (`icc`). */
  readonly open: boolean;
  /** The host's address that its ports are published on where nobody names one; empty: all. */
  readonly publishOn: string;
  /** What leaves it has the host's address. */
  readonly masquerade: boolean;
}

/** What networks have that share a wire which the host is at: containers are neighbours of what else is there. */
interface SharingNetwork extends AnyNetwork {
  /** The host's interface at the wire. */
  readonly parent: string;
  /** The wire is the network's own and leads nowhere; its parent is made for it. */
  readonly ownWire: boolean;
}

export interface MacvlanNetwork extends SharingNetwork {
  readonly driver: "macvlan";
  readonly mode: MacvlanMode;
}

export interface IpvlanNetwork extends SharingNetwork {
  readonly driver: "ipvlan";
  readonly mode: IpvlanMode;
  readonly flag: IpvlanFlag;
}

/** A network of containers: blocks of addresses, and what its driver makes of it. */
export type Network = BridgeNetwork | MacvlanNetwork | IpvlanNetwork;

export interface ConnectRequest {
  readonly containerId: string;
  /** The container's name, for errors about ports that it holds. */
  readonly name: string;
  /** `none`, `host`, `bridge` or another network's name. */
  readonly network: string;
  /** The number of the container's interface: 0 is eth0. */
  readonly number: number;
  /** Its default routes that lead through this network. */
  readonly leads: readonly Family[];
  /** The container runs already: `join` follows. */
  readonly joined: boolean;
  /** Those asked for, one of a family at most; of the network's other blocks it gets free ones. */
  readonly addresses: readonly string[];
  readonly mac: string | null;
  readonly ports: readonly PortRequest[];
  /** What limits the container's bandwidth; null: nothing. */
  readonly shaper: Shaper | null;
}

/** What a container's /etc/hosts and /etc/resolv.conf are made of, beside its connections. */
export interface FilesRequest {
  readonly hostname: string;
  readonly domainname: string | null;
  /** `name:address`; the address may be `host-gateway`. */
  readonly extraHosts: readonly string[];
  /** Name servers, search domains and options asked for; each empty list means the host's. */
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
}

export interface ContainerFiles {
  readonly resolvConf: string;
  readonly hosts: string;
  /** What the user should hear: a resolver that was replaced. */
  readonly warnings: readonly string[];
}

/** An address of a container in a network. */
export interface OwnAddress {
  readonly address: string;
  /** Bits of the subnet's mask. */
  readonly prefix: number;
  /** Where the default route of its family leads; empty where it leads through another network, or nowhere. */
  readonly gateway: string;
}

/** What is kept of one connection of a container with a network: plain JSON, enough to adopt it and to undo it. */
export interface AttachmentRecord {
  readonly containerId: string;
  readonly name: string;
  readonly network: string;
  /** `eth0`. Empty, like the four below, with `none` and `host`. */
  readonly inside: string;
  /** One of each family of the network, IPv4 first. */
  readonly addresses: readonly OwnAddress[];
  readonly mac: string;
  /** No other connection ever has it. */
  readonly id: string;
  /** The host's end of it; empty where it has none. */
  readonly hostInterface: string;
  /** It was made while the container ran: the container's plan, and so its monitor, does not know of it. */
  readonly joined: boolean;
  /** Its ports were changed while the container ran: they are not those that the monitor closes at the end. */
  readonly changed: boolean;
  readonly ports: readonly PortBinding[];
}

/** The families whose default routes lead through this connection. */
export const leadsFor = ({ addresses }: AttachmentRecord): readonly Family[] =>
  addresses.filter(({ gateway }) => gateway !== "").map(({ gateway }) => familyOf(gateway));

export const leads = (attachment: AttachmentRecord): boolean => leadsFor(attachment).length > 0;

/** Addresses alone. */
export const addressesOf = ({ addresses }: Pick<AttachmentRecord, "addresses">): readonly string[] =>
  addresses.map(({ address }) => address);

/** The host's addresses that these connections lead to; a gateway elsewhere is not the host. */
export const gatewaysAtHost = (attachments: readonly AttachmentRecord[]): readonly string[] =>
  attachments
    .filter(({ hostInterface }) => hostInterface !== "")
    .flatMap(({ addresses }) => addresses.flatMap(({ gateway }) => gateway || []));

export interface Attachment extends AttachmentRecord {
  /** Operations for the container's plan. */
  readonly fragment: PlanFragment;
}

/** The record of an attachment, without what only its first start needs. */
export function attachmentRecord({ fragment: _, ...record }: Attachment): AttachmentRecord {
  return record;
}
