import { connect, type Socket } from "node:net";
import { libc } from "./libc.ts";

// include/uapi/asm-generic/socket.h; without CAP_NET_ADMIN the default stays.
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;

/** A child process with one end of a socket pair as its descriptor 3, and the other end. */
export interface Wired {
  readonly pid: number;
  readonly descriptor: number;
  readonly exited: Promise<unknown>;
}

type Stdio = readonly [number, number, number] | "ignore";

/**
 * Starts a program with a socket pair on its descriptor 3 and an empty environment. It outlives this process; nobody
 * waits for it here, and it never keeps the event loop alive.
 */
export function spawnWired(path: string, argv0: string, stdio: Stdio): Wired {
  const [stdin, stdout, stderr] =
    stdio === "ignore" ? (["ignore", "ignore", "ignore"] as const) : ([...stdio] as const);
  const child = Bun.spawn([path], { argv0, env: {}, cwd: "/", stdio: [stdin, stdout, stderr, "pipe"] });
  child.unref();
  const descriptor = child.stdio[3];
  if (typeof descriptor !== "number") throw new Error("Bun gave no descriptor for the fourth stream");
  return { pid: child.pid, descriptor, exited: child.exited };
}

/**
 * The other end as a stream of node:net. `sendBuffer`: bytes that may wait for the child, where the kernel's default of
 * some 200 KB would make both sides take turns.
 */
export function socketOf({ descriptor }: Wired, sendBuffer: number): Socket {
  libc().setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, new Int32Array([sendBuffer]), 4);
  // Bun's net.connect takes a descriptor, which the types of node:net do not know (docs/KERNEL.md, "Bun").
  const open = connect as unknown as (options: { fd: number }) => Socket;
  return open({ fd: descriptor });
}
