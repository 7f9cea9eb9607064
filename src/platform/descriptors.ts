import { dlopen, FFIType, ptr } from "bun:ffi";

// socket(7), unix(7), cmsg(3)
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const PATH_BYTES = 108;
// asm-generic/unistd.h: since Linux 5.1 the same on every architecture.
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;

function load() {
  const { i32, i64, ptr: pointer } = FFIType;
  return dlopen("libc.so.6", {
    syscall: { args: [i64, i64, i64, i64], returns: i64 },
    socket: { args: [i32, i32, i32], returns: i32 },
    connect: { args: [i32, pointer, i32], returns: i32 },
    sendmsg: { args: [i32, pointer, i32], returns: i64 },
    close: { args: [i32], returns: i32 },
  }).symbols;
}

/** A copy of another process's descriptor (pidfd_getfd(2)); undefined when it cannot be had. */
export function copyDescriptor(pid: number, descriptor: number): number | undefined {
  const libc = load();
  const pidfd = Number(libc.syscall(PIDFD_OPEN, pid, 0, 0));
  if (pidfd < 0) return undefined;
  const copy = Number(libc.syscall(PIDFD_GETFD, pidfd, descriptor, 0));
  libc.close(pidfd);
  return copy < 0 ? undefined : copy;
}

/**
 * Sends a descriptor, with a text, over a stream socket that listens at `path` (SCM_RIGHTS), and closes ours. False when
 * nobody takes it.
 */
export function sendDescriptor(path: string, descriptor: number, text: string): boolean {
  const libc = load();
  const socket = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const address = Buffer.alloc(2 + PATH_BYTES);
  address.writeUInt16LE(AF_UNIX, 0);
  const fits = Buffer.byteLength(path) < PATH_BYTES;
  address.write(path, 2);
  const sent =
    fits &&
    libc.connect(socket, ptr(address), address.length) === 0 &&
    Number(libc.sendmsg(socket, ptr(rightsMessage(descriptor, text)), 0)) > 0;
  libc.close(socket);
  libc.close(descriptor);
  return sent;
}

let keep: Buffer[] = [];

/** struct msghdr with one iovec and one control message, as 64-bit Linux lays them out. */
function rightsMessage(descriptor: number, text: string): Buffer {
  const content = Buffer.from(text);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(BigInt(ptr(content)), 0);
  vector.writeBigUInt64LE(BigInt(content.length), 8);
  const control = Buffer.alloc(24);
  control.writeBigUInt64LE(20n, 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  control.writeInt32LE(descriptor, 16);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(BigInt(ptr(vector)), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(BigInt(ptr(control)), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  // The kernel reads through addresses that the garbage collector does not see.
  keep = [content, vector, control, message];
  return keep[3] as Buffer;
}
