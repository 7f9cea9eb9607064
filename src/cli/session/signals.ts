import { err, isTerminal } from "../terminal/output.ts";

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

/** So many times Ctrl-C, and people want to be rid of a program that does not heed it: docker's number. */
const ENOUGH = 3;

/**
 * Hands our signals to the other side while the session lasts; answers how to stop. A program that is process 1 and has no
 * handler for SIGINT never gets it (pid_namespaces(7)): who presses Ctrl-C at a terminal is told, and then let go.
 */
export function proxySignals(name: string, send: (signal: string) => Promise<unknown>): () => void {
  let interrupts = 0;
  const interrupted = () => {
    interrupts++;
    if (interrupts < ENOUGH - 1 || !isTerminal(2)) return;
    if (interrupts < ENOUGH)
      return err(
        `\n${name} has not ended by Ctrl-C: once more leaves it running (a program without a handler needs --init)\n`,
      );
    err(`\nleft: ${name} goes on (inro stop ${name})\n`);
    process.exit(130);
  };
  const handlers = PROXIED.map((signal) => {
    const handler = () => {
      // A container that does not run (any more) has no use for it.
      void send(signal).catch(() => {});
      if (signal === "SIGINT") interrupted();
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
