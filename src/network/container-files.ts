import { existsSync, readFileSync } from "node:fs";
import {
  type AttachmentRecord,
  addressesOf,
  type ContainerFiles,
  type FilesRequest,
  gatewaysAtHost,
} from "./attachment.ts";
import { hostsFile } from "./hosts.ts";
import { type HostResolver, namedServers, resolvConf, serversOf, UPSTREAM_FILE } from "./resolver.ts";

/** What a container's /etc/resolv.conf and /etc/hosts say, and what the user should hear of it. */
export function files(attachments: readonly AttachmentRecord[], request: FilesRequest): ContainerFiles {
  const [first] = attachments;
  const alone = first?.network === "host" || first?.network === "none" ? first.network : null;
  const reach = alone ?? (attachments.some(isNamed) ? "named" : "bridge");
  const resolver = resolvConf(hostResolver(), {
    network: reach,
    servers: request.dns,
    search: request.dnsSearch,
    options: request.dnsOptions,
  });
  const hosts = hostsFile({
    hostname: request.hostname,
    domainname: request.domainname,
    addresses: attachments.flatMap(addressesOf),
    gateways: gatewaysAtHost(attachments),
    extra: request.extraHosts,
    base: reach === "host" ? textOf("/etc/hosts") : null,
  });
  return { resolvConf: resolver.text, hosts, warnings: resolver.warnings };
}

/** The default network's members find each other only where they ask us anyway. */
const isNamed = ({ network, addresses }: AttachmentRecord) => network !== "bridge" && addresses.length > 0;

/** Whom the host asks. */
export const hostServers = (): readonly string[] => serversOf(hostResolver().configuration);

const hostResolver = (): HostResolver => ({
  configuration: textOf("/etc/resolv.conf"),
  upstream: textOf(UPSTREAM_FILE),
});

const textOf = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");

/** The name servers of the host; one of a single link is nobody's else. */
export const nameServers = (): readonly string[] =>
  namedServers(hostResolver().configuration).filter((server) => !server.includes("%"));
