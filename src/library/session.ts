import type { UnixStream } from "../platform/unix-stream.ts";
import { framed, type Output, unframed } from "./frames.ts";

/** The streams of a program that runs: iterate over it for what it writes. */
export interface Session extends AsyncIterable<Output>, AsyncDisposable {
  /** To its standard input. */
  write(bytes: Uint8Array | string): Promise<void>;
  /** The end of its standard input. */
  end(): void;
  close(): void;
}

export function sessionOf(stream: UnixStream, tty: boolean): Session {
  const received = async function* () {
    for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) yield bytes;
    // The program is over: nobody reads what is written to it any more.
    stream.close();
  };
  return {
    [Symbol.asyncIterator]: () => (tty ? unframed : framed)(received()),
    write: (bytes) => stream.write(bytes),
    end: () => stream.end(),
    close: () => stream.close(),
    [Symbol.asyncDispose]: async () => stream.close(),
  };
}
