/** Where a registry listens, and how it is trusted. */
import { existsSync, readFileSync } from "node:fs";

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

/** TLS always, and plain HTTP for a registry of this machine that does not speak TLS. */
export function addressOf(domain: string): Address {
  const host = aliases[domain] ?? domain;
  const name = host.startsWith("[") ? host.slice(0, host.indexOf("]") + 1) : (host.split(":")[0] ?? host);
  const bases = isLoopback(name) ? [`https://${host}`, `http://${host}`] : [`https://${host}`];
  return { domain, bases };
}

const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

const read = new Map<string, string>();

/** The certificates that this host trusts; undefined where it has no bundle, and the built-in one is used. */
export function hostCertificates(): string | undefined {
  const path = [process.env["SSL_CERT_FILE"] ?? "", ...bundles].find(
    (each) => each !== "" && existsSync(each),
  );
  if (path === undefined) return undefined;
  const certificates = read.get(path) ?? readFileSync(path, "utf8");
  read.set(path, certificates);
  return certificates;
}
