import { InroError } from "../oci/error.ts";

/** Received bytes that may wait for their reader before the peer is made to wait. */
const HIGH_WATER = 1 << 20;

/**
 * One connection to a unix socket. `Bun.connect` rather than node:net, whose loading alone costs 5 ms of the command
 * line's start-up.
 */
export interface UnixStream {
  /** The next bytes; `null` at the peer's end of stream, or when the connection is gone. */
  read(): Promise<Uint8Array | null>;
  /** Gives bytes back: the next `read` answers them first. */
  unread(bytes: Uint8Array): void;
  /** Resolves when the kernel has all of it. Rejects when the connection is gone. */
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

  async write(data: Uint8Array | string): Promise<void> {
    let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
    while (rest.length > 0) {
      const sent = this.#gone ? -1 : this.#socket.write(rest);
      if (sent < 0)
        throw new InroError("CONNECTION_LOST", {
          what: "cannot send to the engine",
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

  close(): void {
    this.finish(true);
    this.#socket.end();
  }
}

/** Rejects with the system's error (`code`: ENOENT, ECONNREFUSED, EACCES) when nobody listens. */
export async function connectUnix(path: string): Promise<UnixStream> {
  return new Promise((resolve, reject) => {
    let connection: Connection | undefined;
    Bun.connect({
      unix: path,
      allowHalfOpen: true,
      socket: {
        binaryType: "uint8array",
        open(socket) {
          connection = new Connection(socket);
          resolve(connection);
        },
        data: (_socket, bytes: Uint8Array) => connection?.arrive(bytes),
        drain: () => connection?.wakeWriter(),
        end: () => connection?.finish(false),
        close: () => connection?.finish(true),
        error: () => connection?.finish(true),
        connectError: (_socket, error) => reject(error),
      },
    }).catch(reject);
  });
}
