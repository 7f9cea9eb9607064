import { existsSync } from "node:fs";
import { addressBytes } from "../../src/oci/address.ts";

/** Whether the kernel has sockets for SCTP (net/sctp/proc.c); it translates the protocol without, too. */
export const hasSctp = existsSync("/proc/net/sctp");

/** Bun has no such sockets: these are the C library's. */
const socket = (address: string, port: number) => `
  const { dlopen } = require("bun:ffi");
  const { symbols: c } = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" }, bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
    connect: { args: ["i32", "ptr", "u32"], returns: "i32" }, listen: { args: ["i32", "i32"], returns: "i32" },
    accept: { args: ["i32", "ptr", "ptr"], returns: "i32" }, getpeername: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    send: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" }, recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  });
  const fd = c.socket(${address.includes(":") ? 10 : 2}, 1, 132);
  const name = Uint8Array.of(${sockaddr(address, port).join(", ")});`;

/** struct sockaddr_in or sockaddr_in6. */
function sockaddr(address: string, port: number): Uint8Array {
  const name = new Uint8Array(address.includes(":") ? 28 : 16);
  name[0] = address.includes(":") ? 10 : 2;
  name.set([port >>> 8, port & 0xff], 2);
  name.set(addressBytes(address), address.includes(":") ? 8 : 4);
  return name;
}

/** Tells one caller the address that it came from. */
export const sctpServer = (port: number, address = "0.0.0.0") => `${socket(address, port)}
  c.bind(fd, name, name.length); c.listen(fd, 8); console.log("up");
  const peer = new Uint8Array(28);
  const caller = c.accept(fd, peer, Uint32Array.of(peer.length));
  const told = Buffer.from(peer[0] === 2 ? peer.slice(4, 8).join(".") : Buffer.from(peer.slice(8, 24)).toString("hex"));
  c.send(caller, told, told.length, 0);
  Bun.sleepSync(2000);`;

/** Prints what it is told; fails when nobody listens. */
export const sctpClient = (address: string, port: number) => `${socket(address, port)}
  if (c.connect(fd, name, name.length) !== 0) process.exit(4);
  const told = Buffer.alloc(64);
  console.log(told.toString("latin1", 0, Number(c.recv(fd, told, 64, 0))));`;
