import { connect, type Socket } from "node:net";

/** A child process with a socket to it on its descriptor 3. */
export interface Wired {
  readonly pid: number;
  readonly socket: Socket;
  readonly exited: Promise<unknown>;
}

/**
 * Starts a program with a socket pair on its descriptor 3 and an empty environment. It outlives this process; nobody
 * waits for it here, and it never keeps the event loop alive.
 */
export function spawnWired(
  path: string,
  argv0: string,
  stdio: readonly [number, number, number] | "ignore",
): Wired {
  const [stdin, stdout, stderr] =
    stdio === "ignore" ? (["ignore", "ignore", "ignore"] as const) : ([...stdio] as const);
  const child = Bun.spawn([path], { argv0, env: {}, cwd: "/", stdio: [stdin, stdout, stderr, "pipe"] });
  child.unref();
  const fd = child.stdio[3];
  if (typeof fd !== "number") throw new Error("Bun gave no descriptor for the fourth stream");
  // Bun's net.connect takes a descriptor, which the types of node:net do not know (docs/KERNEL.md, "Bun").
  const open = connect as unknown as (options: { fd: number }) => Socket;
  return { pid: child.pid, socket: open({ fd }), exited: child.exited };
}
