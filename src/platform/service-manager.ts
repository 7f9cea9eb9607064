import { libc } from "./libc.ts";

// socket(7), unix(7); <sys/socket.h> of Linux.
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;
// fcntl(2)
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** sd_listen_fds(3): the first descriptor that is handed over. */
const FIRST = 3;

/** What a service manager has told this process in its environment. */
export interface ServiceManager {
  /** A listening socket that it made (sd_listen_fds(3)); null: none. */
  readonly listener: number | null;
  /** Tells it how this process is (sd_notify(3)): `READY=1`. Nobody may listen. */
  tell(state: string): void;
}

/** Read once: the variables are this process's alone, and are taken out of the environment of what it starts. */
export function serviceManager(env: NodeJS.ProcessEnv = process.env, pid = process.pid): ServiceManager {
  const { LISTEN_PID, LISTEN_FDS, NOTIFY_SOCKET } = env;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET"]) delete env[name];
  const count = LISTEN_PID === String(pid) ? Number(LISTEN_FDS ?? 0) : 0;
  if (count > 1) throw new Error(`${count} sockets were handed over (LISTEN_FDS), and one can be served`);
  if (count === 1) libc().fcntl(FIRST, F_SETFD, FD_CLOEXEC);
  return { listener: count === 1 ? FIRST : null, tell: (state) => notify(NOTIFY_SOCKET, state) };
}

function notify(socket: string | undefined, state: string): void {
  if (socket === undefined || !/^[/@]/.test(socket)) return;
  // unix(7): the family, the path; one that begins with a NUL byte is no file.
  const path = Buffer.from(socket.startsWith("@") ? `\0${socket.slice(1)}` : `${socket}\0`);
  const address = Buffer.concat([Buffer.from(new Uint16Array([AF_UNIX]).buffer), path]);
  const message = Buffer.from(state);
  const descriptor = libc().socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (descriptor < 0) return;
  libc().sendto(descriptor, message, message.length, MSG_NOSIGNAL, address, address.length);
  libc().close(descriptor);
}
