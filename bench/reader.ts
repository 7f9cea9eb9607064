import { once } from "node:events";
import { connect } from "node:net";

/** Asks an engine for one thing again and again, over one connection. */
export interface Reader {
  /** Resolves when the whole answer is here: neither decoded nor parsed, so that what is measured is the engine. */
  read(): Promise<void>;
  close(): void;
}

export async function reader(socketPath: string, path: string): Promise<Reader> {
  const socket = connect(socketPath);
  await once(socket, "connect");
  return {
    async read() {
      socket.write(`GET /v1.41${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
      let answer = Buffer.alloc(0);
      while (!isWhole(answer)) {
        const [part] = (await once(socket, "data")) as [Buffer];
        answer = Buffer.concat([answer, part]);
      }
      const status = answer.toString("latin1", 9, 12);
      if (status !== "200") throw new Error(`GET ${path}: ${status}`);
    },
    close: () => socket.destroy(),
  };
}

const END_OF_HEAD = "\r\n\r\n";
const LAST_CHUNK = "0\r\n\r\n";

function isWhole(answer: Buffer): boolean {
  const body = answer.indexOf(END_OF_HEAD) + END_OF_HEAD.length;
  if (body < END_OF_HEAD.length) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.toString("latin1", 0, body))?.[1];
  return length === undefined
    ? answer.subarray(-LAST_CHUNK.length).equals(Buffer.from(LAST_CHUNK))
    : answer.length >= body + Number(length);
}
