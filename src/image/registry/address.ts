/** Where a registry listens. */
import { hasCertificates } from "./certificates.ts";

export interface Address {
  /** As images name it. */
  readonly domain: string;
  /** Bases to try in turn, without a slash at the end. */
  readonly bases: readonly string[];
}

const aliases: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };

/** Whether a host is this machine, where nobody else can listen in. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "");
  return name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** TLS always, and plain HTTP for a registry of this machine, or an `insecure` one, that does not speak TLS. */
export function addressOf(domain: string, insecure: readonly string[] = []): Address {
  const host = aliases[domain] ?? domain;
  const name = host.startsWith("[") ? host.slice(0, host.indexOf("]") + 1) : (host.split(":")[0] ?? host);
  const tls = `https://${host}`;
  const mayBePlain = (isLoopback(name) || insecure.includes(domain)) && !hasCertificates(new URL(tls));
  return { domain, bases: mayBePlain ? [tls, `http://${host}`] : [tls] };
}
