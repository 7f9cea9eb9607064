import type { PlanFragment } from "../kernel/plan/fragment.ts";

/** The default network as recorded and inspected. */
export interface BridgeNetwork {
  /** The bridge's interface, which is also the network's identity in one network namespace. */
  readonly interface: string;
  /** `172.20.0.0/16`. */
  readonly subnet: string;
  readonly gateway: string;
  /** Our nftables table, of family ip. */
  readonly table: string;
}

export interface ConnectRequest {
  readonly containerId: string;
  /** The container's name, for errors about ports that it holds. */
  readonly name: string;
  readonly hostname: string;
  readonly domainname?: string | null;
  readonly network: "bridge" | "none" | "host";
  readonly ports: readonly PortBinding[];
  /** `name:address`; the address may be `host-gateway`. */
  readonly extraHosts?: readonly string[];
  /** Name servers, search domains and options asked for; each empty list means the host's. */
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
}

export interface PortBinding {
  /** An empty text: 0.0.0.0, every address of the host. */
  readonly hostIp: string;
  /** 0: any free port; an attachment always names the real one. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

/** What is kept of a connection: plain JSON, enough to adopt it and to undo it. */
export interface AttachmentRecord {
  readonly containerId: string;
  readonly name: string;
  readonly network: "bridge" | "none" | "host";
  /** Empty, like the four below, unless the network is the bridge. */
  readonly address: string;
  /** Bits of the subnet's mask; 0 without an address. */
  readonly prefix: number;
  readonly gateway: string;
  readonly mac: string;
  readonly hostInterface: string;
  readonly ports: readonly PortBinding[];
}

export interface Attachment extends AttachmentRecord {
  /** Operations for the container's plan. */
  readonly fragment: PlanFragment;
  /** Contents of the container's /etc/resolv.conf and /etc/hosts. */
  readonly resolvConf: string;
  readonly hosts: string;
  /** What the user should hear: a resolver that was replaced, forwarding that was switched on. */
  readonly warnings: readonly string[];
}

/** The record of an attachment, without what only its first start needs. */
export function attachmentRecord(attachment: AttachmentRecord): AttachmentRecord {
  const { containerId, name, network, address, prefix, gateway, mac, hostInterface, ports } = attachment;
  return { containerId, name, network, address, prefix, gateway, mac, hostInterface, ports };
}
