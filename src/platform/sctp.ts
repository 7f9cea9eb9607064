import { closeSync, existsSync } from "node:fs";
import { addressBytes, addressFamilies, familyOf } from "../oci/address.ts";
import { portBytes } from "../oci/port.ts";
import { libc } from "./libc.ts";

// linux/socket.h, linux/in.h, linux/in6.h
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const IPPROTO_IPV6 = 41;
const IPPROTO_SCTP = 132;
const IPV6_V6ONLY = 26;

/** struct sockaddr_in and sockaddr_in6: the family in the machine's order, port and address in the network's. */
const layouts = { 4: { length: 16, address: 4 }, 6: { length: 28, address: 8 } } as const;
const PORT = 2;

/**
 * Takes an SCTP port of an address as long as it is not closed; 0: any. `::` is every address of both families unless
 * `ipv6Only`. "unsupported" where the kernel has no SCTP sockets, "taken" where another has the port, or the host not the
 * address; throws EMFILE.
 */
export function bindSctp(
  address: string,
  port: number,
  ipv6Only: boolean,
): { readonly port: number; readonly close: () => void } | "unsupported" | "taken" {
  const { socket, setsockopt, bind, getsockname } = libc();
  const family = familyOf(address);
  const fd = socket(addressFamilies[family], SOCK_STREAM_CLOEXEC, IPPROTO_SCTP);
  // The first socket may have loaded the module.
  if (fd < 0 && !existsSync("/proc/net/sctp")) return "unsupported";
  if (fd < 0) throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
  if (family === 6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, Uint32Array.of(ipv6Only ? 1 : 0), 4);
  const { length, address: at } = layouts[family];
  const name = new Uint8Array(length);
  name[0] = addressFamilies[family];
  name.set(portBytes(port), PORT);
  name.set(addressBytes(address), at);
  if (bind(fd, name, length) !== 0 || getsockname(fd, name, Uint32Array.of(length)) !== 0) {
    closeSync(fd);
    return "taken";
  }
  return { port: new DataView(name.buffer).getUint16(PORT), close: () => closeSync(fd) };
}
