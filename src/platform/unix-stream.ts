import { InroError } from "../oci/error.ts";

/** Received bytes that may wait for their reader before the peer is made to wait. */
const HIGH_WATER = 1 << 20;

/**
 * One connection to a unix socket. `Bun.connect` rather than node:net, whose loading alone costs 5 ms of the command
 * line's start-up.
 */
export interface UnixStream {
  readonly descriptor: number;
  /** The next bytes; `null` at the peer's end of stream, or when the connection is gone. */
  read(): Promise<Uint8Array | null>;
  /** Gives bytes back: the next `read` answers them first. */
  unread(bytes: Uint8Array): void;
  /** Resolves when the kernel has all of it, and what was written before. Rejects when the connection is gone. */
  write(bytes: Uint8Array | string): Promise<void>;
  /** Half-close: the peer reads an end of stream, and may still answer. */
  end(): void;
  close(): void;
}

type Native = Bun.Socket<undefined>;

class Connection implements UnixStream {
  readonly #socket: Native;
  readonly #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  #paused = false;
  #over = false;
  #gone = false;
  #reader: (() => void) | undefined;
  #writer: (() => void) | undefined;
  /** While something waits for the kernel to take it. */
  #writing: Promise<void> | undefined;

  constructor(socket: Native) {
    this.#socket = socket;
  }

  arrive(bytes: Uint8Array): void {
    this.#arrived.push(bytes);
    this.#arrivedBytes += bytes.length;
    if (this.#arrivedBytes > HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#socket.pause();
    }
    this.wakeReader();
  }

  /** The peer's end of stream; `gone`: nothing can be sent any more either. */
  finish(gone: boolean): void {
    this.#over = true;
    this.#gone ||= gone;
    this.wakeReader();
    if (gone) this.wakeWriter();
  }

  wakeReader(): void {
    const wake = this.#reader;
    this.#reader = undefined;
    wake?.();
  }

  wakeWriter(): void {
    const wake = this.#writer;
    this.#writer = undefined;
    wake?.();
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const bytes = this.#arrived.shift();
      if (bytes !== undefined) {
        this.#arrivedBytes -= bytes.length;
        if (this.#paused && this.#arrivedBytes < HIGH_WATER / 2) {
          this.#paused = false;
          this.#socket.resume();
        }
        return bytes;
      }
      if (this.#over) return null;
      await new Promise<void>((resolve) => {
        this.#reader = resolve;
      });
    }
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#arrived.unshift(bytes);
    this.#arrivedBytes += bytes.length;
  }

  write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const before = this.#writing;
    const written = before === undefined ? this.#push(bytes) : before.then(() => this.#push(bytes));
    this.#writing = written;
    const done = (): void => {
      if (this.#writing === written) this.#writing = undefined;
    };
    written.then(done, done);
    return written;
  }

  async #push(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const sent = this.#gone ? -1 : this.#socket.write(rest);
      if (sent < 0)
        throw new InroError("CONNECTION_LOST", {
          what: "cannot send to the other side",
          why: "it closed the connection",
        });
      rest = rest.subarray(sent);
      if (rest.length > 0)
        await new Promise<void>((resolve) => {
          this.#writer = resolve;
        });
    }
  }

  end(): void {
    if (!this.#gone) this.#socket.shutdown();
  }

  get descriptor(): number {
    return (this.#socket as unknown as { fd: number }).fd;
  }

  close(): void {
    this.finish(true);
    this.#socket.end();
  }
}

const handlers = (opened: (connection: Connection, socket: Native) => void) => {
  const connections = new WeakMap<Native, Connection>();
  const of = (socket: Native): Connection | undefined => connections.get(socket);
  return {
    binaryType: "uint8array",
    open(socket: Native) {
      const connection = new Connection(socket);
      connections.set(socket, connection);
      opened(connection, socket);
    },
    data: (socket: Native, bytes: Uint8Array) => of(socket)?.arrive(bytes),
    drain: (socket: Native) => of(socket)?.wakeWriter(),
    end: (socket: Native) => of(socket)?.finish(false),
    close: (socket: Native) => of(socket)?.finish(true),
    error: (socket: Native) => of(socket)?.finish(true),
  } as const;
};

/** Rejects with the system's error (`code`: ENOENT, ECONNREFUSED, EACCES) when nobody listens. */
export async function connectUnix(path: string): Promise<UnixStream> {
  return new Promise((resolve, reject) => {
    const socket = { ...handlers(resolve), connectError: (_: Native, error: Error) => reject(error) };
    Bun.connect({ unix: path, allowHalfOpen: true, socket }).catch(reject);
  });
}

/** A stream over one end of a socket pair, or of a connection, that this process holds. */
export function adoptUnix(descriptor: number): Promise<UnixStream> {
  return new Promise((resolve, reject) => {
    // Bun.connect takes a descriptor, which its types do not know.
    const options = { fd: descriptor, allowHalfOpen: true, socket: handlers(resolve) };
    (Bun.connect as unknown as (from: typeof options) => Promise<unknown>)(options).catch(reject);
  });
}

/** Listens until it is stopped; connections go on after that. */
export function listenUnix(path: string, accept: (stream: UnixStream) => void): { stop(): void } {
  const server = Bun.listen({ unix: path, allowHalfOpen: true, socket: handlers(accept) });
  return { stop: () => server.stop(false) };
}
