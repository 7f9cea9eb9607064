/** Signals that Docker hands on too; SIGKILL and SIGSTOP cannot be caught, SIGCHLD and SIGPIPE are our own business. */
const PROXIED = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
  "SIGTSTP",
] as const;

/** Hands our signals to the other side while the session lasts; answers how to stop. */
export function proxySignals(send: (signal: string) => Promise<unknown>): () => void {
  const handlers = PROXIED.map((name) => {
    // A container that does not run (any more) has no use for it.
    const handler = () => void send(name).catch(() => {});
    process.on(name, handler);
    return [name, handler] as const;
  });
  return () => {
    for (const [name, handler] of handlers) process.off(name, handler);
  };
}
