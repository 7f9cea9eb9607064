import { closeSync, existsSync } from "node:fs";
import { libc } from "./libc.ts";

// linux/socket.h, linux/in.h
const AF_INET = 2;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const IPPROTO_SCTP = 132;
const NAME_LENGTH = 16;

/**
 * Takes an SCTP port of an IPv4 address as long as it is not closed; 0: any. "unsupported" where the kernel has no SCTP
 * sockets, "taken" where another has the port, or the host not the address; throws EMFILE.
 */
export function bindSctp(
  address: string,
  port: number,
): { readonly port: number; readonly close: () => void } | "unsupported" | "taken" {
  const { socket, bind, getsockname } = libc();
  const fd = socket(AF_INET, SOCK_STREAM_CLOEXEC, IPPROTO_SCTP);
  // The first socket may have loaded the module.
  if (fd < 0 && !existsSync("/proc/net/sctp")) return "unsupported";
  if (fd < 0) throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
  // struct sockaddr_in: the family in the machine's order, port and address in the network's.
  const name = new Uint8Array(NAME_LENGTH);
  name.set([AF_INET, 0, port >>> 8, port & 0xff, ...address.split(".").map(Number)]);
  const length = Uint32Array.of(NAME_LENGTH);
  if (bind(fd, name, NAME_LENGTH) !== 0 || getsockname(fd, name, length) !== 0) {
    closeSync(fd);
    return "taken";
  }
  return { port: (name[2] ?? 0) * 256 + (name[3] ?? 0), close: () => closeSync(fd) };
}
