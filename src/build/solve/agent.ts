/** An SSH agent of this host for the user of a step: a socket of its own that leads to the agent's. */
import { chmodSync, chownSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";

/** Listens at `path`, in a folder of ours, until it is given back. */
export async function agentSocket(
  path: string,
  agent: string,
  { uid, gid, mode }: { readonly uid: number; readonly gid: number; readonly mode: number },
): Promise<Disposable> {
  const open = new Set<Socket>();
  const server = createServer((step) => {
    const host = connect(agent);
    for (const [from, to] of [
      [step, host],
      [host, step],
    ] as const) {
      open.add(from);
      from.on("error", () => to.destroy());
      from.once("close", () => {
        open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, mode);
  chownSync(path, uid, gid);
  return {
    [Symbol.dispose]() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
