/** Which certificates a server has to show, and which one it is shown: the host's bundle, and `certs.d`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { InroError } from "../../oci/error.ts";

/** What `fetch` takes as its `tls`. */
export interface Certificates {
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
}

const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** In the order of their rank: the first one with a folder for the server is the one that counts. */
const folders = ["/etc/inro/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d"];

const read = new Map<string, string>();

/** The certificates that this host trusts; undefined where it has no bundle, and the built-in one is used. */
function hostCertificates(): string | undefined {
  const path = [process.env["SSL_CERT_FILE"] ?? "", ...bundles].find(
    (each) => each !== "" && existsSync(each),
  );
  if (path === undefined) return undefined;
  const certificates = read.get(path) ?? readFileSync(path, "utf8");
  read.set(path, certificates);
  return certificates;
}

function folderOf({ host, hostname }: URL): string | undefined {
  const names = host === hostname ? [`${hostname}:443`, hostname] : [host];
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((each) => existsSync(each));
}

/** Whether somebody has put certificates there for this server: it speaks TLS then, and nothing else. */
export const hasCertificates = (url: URL): boolean => folderOf(url) !== undefined;

/** Throws CERTIFICATES_INVALID for half a pair. */
function clientPair(folder: string, names: readonly string[]): Pick<Certificates, "cert" | "key"> {
  const of = (ending: string) =>
    names.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length));
  const [certificates, keys] = [of(".cert"), of(".key")];
  const lone =
    certificates.find((name) => !keys.includes(name)) ?? keys.find((name) => !certificates.includes(name));
  if (lone !== undefined)
    throw new InroError("CERTIFICATES_INVALID", {
      what: `cannot use the client certificate "${lone}" of ${folder}`,
      why: `it consists of ${lone}.cert and ${lone}.key, and only one of them is there`,
      hint: "a registry's own authority ends in .crt",
    });
  const [name] = certificates;
  if (name === undefined) return {};
  const [cert, key] = [`${name}.cert`, `${name}.key`].map((file) => readFileSync(join(folder, file), "utf8"));
  return { cert: cert as string, key: key as string };
}

/**
 * For one server (docker: "Verify repository client with certificates"): authorities `*.crt` beside those of the host,
 * and the first pair `NAME.cert`, `NAME.key` by name. Read anew each time, as they are replaced when they expire. Throws
 * CERTIFICATES_INVALID.
 */
export function certificatesFor(url: URL): Certificates {
  const bundle = hostCertificates();
  const folder = folderOf(url);
  if (folder === undefined) return bundle === undefined ? {} : { ca: [bundle] };
  try {
    const names = readdirSync(folder).sort();
    const authorities = names.filter((name) => name.endsWith(".crt"));
    const own = authorities.map((name) => readFileSync(join(folder, name), "utf8"));
    return {
      ca: [...(bundle === undefined ? rootCertificates : [bundle]), ...own],
      ...clientPair(folder, names),
    };
  } catch (error) {
    if (error instanceof InroError) throw error;
    const why = (error as Error).message;
    throw new InroError("CERTIFICATES_INVALID", { what: `cannot read the certificates of ${folder}`, why });
  }
}
