import type { UnixStream } from "../../platform/unix-stream.ts";
import { FrameCutter } from "../plan/decode.ts";
import { encodeFrame, type FrameValues } from "../plan/encode.ts";
import { type FrameName, frames } from "../plan/frames.ts";
import { executorLost, refused } from "./failure.ts";

/** How a program ended: its exit code, or the signal that ended it. */
export interface ProgramEnd {
  readonly code: number;
  readonly signal: number;
}

interface Answer {
  readonly type: number;
  readonly payload: Buffer;
}

/** Requests and their answers over one connection to a native process. */
export class Talk {
  readonly #stream: Promise<UnixStream>;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #ended = Promise.withResolvers<ProgramEnd>();
  readonly #over = Promise.withResolvers<void>();
  #request = 0;
  #gone: Error | undefined;

  constructor(stream: Promise<UnixStream>) {
    this.#stream = stream;
    this.#ended.promise.catch(() => {});
    void this.#listen();
  }

  /** Of the program that was started last; rejects with EXECUTOR_LOST. */
  get ended(): Promise<ProgramEnd> {
    return this.#ended.promise;
  }

  get isOver(): boolean {
    return this.#gone !== undefined;
  }

  /** Resolves when the other side has hung up. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** The payload of the answer. Throws EXECUTOR_REFUSED, EXECUTOR_LOST. */
  async ask<N extends FrameName>(name: N, values: FrameValues<N>): Promise<Buffer> {
    if (this.#gone !== undefined) throw this.#gone;
    const request = ++this.#request;
    const bytes = encodeFrame(name, request, values);
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.set(request, answer);
    this.#write(bytes).catch(() => this.#lose());
    const { type, payload } = await answer.promise;
    if (type === frames.error.type) throw refused(payload);
    return payload;
  }

  /** What has no answer; resolves when the kernel has it, or nobody is there who would read it. */
  async tell<N extends FrameName>(name: N, values: FrameValues<N>): Promise<void> {
    await this.#write(encodeFrame(name, 0, values)).catch(() => this.#lose());
  }

  hangUp(): void {
    void this.#stream.then((stream) => stream.close());
    this.#lose();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await (await this.#stream).write(bytes);
  }

  async #listen(): Promise<void> {
    const cutter = new FrameCutter();
    try {
      const stream = await this.#stream;
      for (;;) {
        const chunk = await stream.read();
        if (chunk === null) break;
        for (const frame of cutter.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)))
          this.#receive(frame);
      }
    } catch {
      // A frame that cannot be one is the end too.
    }
    this.#lose();
  }

  #receive({ type, request, payload }: Answer & { readonly request: number }): void {
    if (type === frames.exited.type) {
      this.#ended.resolve({ code: payload.readUInt32LE(4), signal: payload.readUInt32LE(8) });
      return;
    }
    this.#waiting.get(request)?.resolve({ type, payload });
    this.#waiting.delete(request);
  }

  #lose(): void {
    this.#gone ??= executorLost();
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
    this.#ended.reject(this.#gone);
    this.#over.resolve();
  }
}
