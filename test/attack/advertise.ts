import { dlopen, FFIType } from "bun:ffi";

/** Sends one router advertisement (RFC 4861, section 4.2) to all hosts on an interface's wire: advertise.ts INTERFACE. */

const {
  int: i32,
  u32,
  u64,
  ptr,
} = { int: FFIType.i32, u32: FFIType.u32, u64: FFIType.u64, ptr: FFIType.ptr };
const { symbols: libc } = dlopen("libc.so.6", {
  socket: { args: [i32, i32, i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, ptr, u32], returns: i32 },
  sendto: { args: [i32, ptr, u64, i32, ptr, u32], returns: FFIType.i64 },
  if_nametoindex: { args: [ptr], returns: u32 },
});

// linux/in6.h, netinet/in.h
const AF_INET6 = 10;
const SOCK_RAW = 3;
const IPPROTO_ICMPV6 = 58;
const IPPROTO_IPV6 = 41;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;

const index = Number(libc.if_nametoindex(Buffer.from(`${process.argv[2]}\0`)));
const socket = Number(libc.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
const set = (option: number, value: number) =>
  libc.setsockopt(socket, IPPROTO_IPV6, option, new Int32Array([value]), 4);
set(IPV6_MULTICAST_IF, index);
set(IPV6_MULTICAST_HOPS, 255);

const seconds = [0, 0, 0x0e, 0x10];
const prefix = [0x20, 0x01, 0x0d, 0xb8, 0x0b, 0xad, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const onLinkAndAutonomous = 0xc0;
const information = [3, 4, 64, onLinkAndAutonomous, ...seconds, ...seconds, 0, 0, 0, 0, ...prefix];
const advertisement = [134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, ...information];
// struct sockaddr_in6: ff02::1.
const everyone = new Uint8Array(28);
everyone.set([AF_INET6, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x02]);
everyone[23] = 1;
new DataView(everyone.buffer).setUint32(24, index, true);
const packet = Uint8Array.from(advertisement);
if (Number(libc.sendto(socket, packet, packet.length, 0, everyone, everyone.length)) !== packet.length)
  process.exit(1);
