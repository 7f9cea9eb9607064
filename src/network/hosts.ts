import { isIP } from "node:net";
import { InroError } from "../oci/error.ts";

export interface HostsRequest {
  readonly hostname: string;
  readonly domainname: string | null;
  /** The container's own, one in each of its networks. */
  readonly addresses: readonly string[];
  /** What `host.docker.internal` stands for, and the first of them for `host-gateway`. */
  readonly gateways: readonly string[];
  /** `name:address`. */
  readonly extra: readonly string[];
  /** The host's own file, for a container in the host's network. */
  readonly base: string | null;
}

const defaults = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** The container's /etc/hosts. */
export function hostsFile(request: HostsRequest): string {
  const base = request.base ?? defaults;
  const lines = request.extra.map((entry) => extraLine(entry, request.gateways[0] ?? ""));
  // After what the user says of it, which is found first.
  for (const gateway of request.gateways) lines.push(`${gateway}\thost.docker.internal`);
  for (const address of request.addresses) lines.push(`${address}\t${names(request)}`);
  return `${base.replace(/\n*$/, "\n")}${lines.map((line) => `${line}\n`).join("")}`;
}

function names({ hostname, domainname }: HostsRequest): string {
  if (domainname !== null && domainname !== "") return `${hostname}.${domainname} ${hostname}`;
  const short = hostname.split(".")[0] ?? hostname;
  return short === hostname ? hostname : `${hostname} ${short}`;
}

function extraLine(entry: string, gateway: string): string {
  // The address may be IPv6, so the name ends at the first colon (or `=`, Docker's newer form).
  const match = /^([^\s:=#]+)[:=](\S+)$/.exec(entry);
  const name = match?.[1] ?? "";
  const given = (match?.[2] ?? "").replace(/^\[(.*)\]$/, "$1");
  const address = given === "host-gateway" ? gateway : given;
  if (name === "" || isIP(address) === 0)
    throw new InroError("INVALID_OPTION", {
      what: `cannot use --add-host ${JSON.stringify(entry)}`,
      why: given === "host-gateway" ? "this network has no gateway" : "it is not name:address",
      at: "--add-host",
    });
  return `${address}\t${name}`;
}
