import { Duplex } from "node:stream";

/**
 * A client's stream to a container that does not run yet: what is written waits (under the stream's own
 * backpressure), and what the container says comes once it is joined to it.
 */
export class PendingStream extends Duplex {
  #inner: Duplex | undefined;
  #onJoin: (() => void)[] = [];

  /** Which of the container's streams the client asked for. */
  readonly wanted: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };

  constructor(wanted: PendingStream["wanted"]) {
    super({ allowHalfOpen: true });
    this.wanted = wanted;
  }

  join(inner: Duplex): void {
    this.#inner = inner;
    inner.on("data", (chunk) => {
      if (!this.push(chunk)) inner.pause();
    });
    inner.on("end", () => this.push(null));
    inner.on("error", (error) => this.destroy(error));
    inner.on("close", () => {
      if (!this.readableEnded) this.push(null);
    });
    for (const run of this.#onJoin.splice(0)) run();
  }

  /** There will be nothing to join: the start failed, or the container is gone. */
  leave(): void {
    this.push(null);
    this.end();
    for (const run of this.#onJoin.splice(0)) run();
  }

  override _read(): void {
    this.#inner?.resume();
  }

  override _write(chunk: Uint8Array, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#whenJoined((inner) => {
      if (inner === undefined || inner.writableEnded || inner.destroyed) done();
      else if (inner.write(chunk)) done();
      else this.#afterDrain(inner, done);
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#whenJoined((inner) => {
      inner?.end();
      done();
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner?.destroy();
    for (const run of this.#onJoin.splice(0)) run();
    done(error);
  }

  /** A container that ended reads nothing more: its stream closes instead of draining. */
  #afterDrain(inner: Duplex, done: () => void): void {
    const settle = () => {
      inner.off("drain", settle);
      inner.off("close", settle);
      done();
    };
    inner.once("drain", settle);
    inner.once("close", settle);
  }

  #whenJoined(run: (inner: Duplex | undefined) => void): void {
    if (this.#inner !== undefined || this.destroyed || this.readableEnded) run(this.#inner);
    else this.#onJoin.push(() => run(this.#inner));
  }
}
