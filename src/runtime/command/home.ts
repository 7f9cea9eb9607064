import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";

/** Far more than any real /etc/passwd; what an image makes us read is bounded. */
const MOST_BYTES = 1 << 20;

/**
 * Callers leave HOME to the runtime: it is looked up in the bundle's /etc/passwd when the environment has none, and is
 * `/` for a user without an entry.
 */
export function withHome(spec: RuntimeSpec, rootfs: string): RuntimeSpec {
  const { process } = spec;
  if (process === undefined || process.env?.some((entry) => entry.startsWith("HOME="))) return spec;
  const home = homeOf(process.user.uid, readPasswd(rootfs));
  return { ...spec, process: { ...process, env: [...(process.env ?? []), `HOME=${home}`] } };
}

export function homeOf(uid: number, passwd: string): string {
  const line = passwd.split("\n").find((one) => one.split(":")[2] === String(uid));
  return line?.split(":")[5] || "/";
}

/**
 * R12 (CVE-2024-1753, CVE-2024-9676): inside the root, opened without blocking, a regular file only, bounded in size.
 * Whatever is not that reads as empty.
 */
export function readPasswd(rootfs: string): string {
  let descriptor: number | undefined;
  try {
    const root = realpathSync(rootfs);
    // An image whose /etc or passwd is a link elsewhere has no passwd here: links are not followed out of the root.
    const path = `${root}/etc/passwd`;
    if (realpathSync(`${root}/etc`) !== `${root}/etc`) return "";
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
    descriptor = openSync(path, flags);
    const { size } = fstatSync(descriptor);
    if (!fstatSync(descriptor).isFile() || size > MOST_BYTES) return "";
    const bytes = Buffer.alloc(size);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, size, 0));
  } catch {
    return "";
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
