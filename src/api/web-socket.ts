import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { demultiplexer } from "../oci/stream-frames.ts";

/** The opcodes of RFC 6455, section 5.2. */
const OP = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Section 7.4.1: why it is closed. */
const CLOSE = { normal: 1000, protocolError: 1002 } as const;

/** The answer to the client's key (section 4.2.2); undefined: this is no handshake of version 13. */
export function acceptKey(headers: Readonly<Record<string, unknown>>): string | undefined {
  const key = headers["sec-websocket-key"];
  const isWebSocket = /^websocket$/i.test(String(headers["upgrade"]));
  if (!isWebSocket || headers["sec-websocket-version"] !== "13" || typeof key !== "string") return undefined;
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) return undefined;
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** One whole frame, unmasked as a server's are (section 5.1). */
function frame(opcode: number, data: Uint8Array): Buffer {
  const { length } = data;
  const head = Buffer.alloc(length < 126 ? 2 : length < 0x1_0000 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length < 126) head[1] = length;
  else if (length < 0x1_0000) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, data]);
}

function closing(code: number): Buffer {
  const reason = Buffer.alloc(2);
  reason.writeUInt16BE(code);
  return frame(OP.close, reason);
}

/** How long a client may take to leave once it is told, in milliseconds. */
const LINGER = 10_000;

/** What of the client's frames is for whom. `data` is in pieces as they come: no message is held in memory. */
interface Heard {
  data(bytes: Buffer): void;
  control(opcode: number, payload: Buffer): void;
}

/** Takes a client's frames apart; answers why, where they break RFC 6455. */
export function frameReader(heard: Heard): (chunk: Buffer) => string | undefined {
  let head = Buffer.alloc(0);
  let left = 0;
  let opcode = 0;
  let mask = Buffer.alloc(4);
  let masked = 0;
  let control: Buffer[] = [];
  let isWithinMessage = false;

  /** How many bytes a head has, as far as it is known. */
  const headLength = () => {
    if (head.length < 2) return 2;
    const [, second = 0] = head;
    const short = second & 0x7f;
    return 2 + (second & 0x80 ? 4 : 0) + (short === 126 ? 2 : short === 127 ? 8 : 0);
  };

  const begin = (): string | undefined => {
    const [first = 0, second = 0] = head;
    const short = second & 0x7f;
    const length = short === 126 ? head.readUInt16BE(2) : short === 127 ? head.readBigUInt64BE(2) : short;
    opcode = first & 0x0f;
    const isFinal = (first & 0x80) !== 0;
    const isControl = opcode >= OP.close;
    if ((first & 0x70) !== 0) return "reserved bits are set, and no extension was agreed on";
    if ((second & 0x80) === 0) return "a client's frame is not masked";
    if (length > Number.MAX_SAFE_INTEGER) return "a frame is longer than can be";
    if (isControl && (!isFinal || length > 125)) return "a control frame is in parts or too long";
    if (isControl ? opcode > OP.pong : opcode > OP.binary) return `the opcode ${opcode} is not known`;
    if (!isControl && (opcode === OP.more) !== isWithinMessage)
      return "a message is within another, or has no beginning";
    if (!isControl) isWithinMessage = !isFinal;
    mask = head.subarray(head.length - 4);
    [left, masked, control] = [Number(length), 0, []];
    head = Buffer.alloc(0);
    return undefined;
  };

  const unmasked = (bytes: Buffer): Buffer => {
    const plain = Buffer.allocUnsafe(bytes.length);
    for (let at = 0; at < bytes.length; at++) plain[at] = (bytes[at] ?? 0) ^ (mask[(masked + at) & 3] ?? 0);
    masked += bytes.length;
    return plain;
  };

  let isInFrame = false;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length || (isInFrame && left === 0)) {
      if (!isInFrame) {
        const part = chunk.subarray(at, at + headLength() - head.length);
        head = Buffer.concat([head, part]);
        at += part.length;
        if (head.length < headLength()) continue;
        const wrong = begin();
        if (wrong !== undefined) return wrong;
        isInFrame = true;
        continue;
      }
      const bytes = unmasked(chunk.subarray(at, at + left));
      at += bytes.length;
      left -= bytes.length;
      if (opcode >= OP.close) control.push(bytes);
      else if (bytes.length > 0) heard.data(bytes);
      if (left > 0) continue;
      isInFrame = false;
      if (opcode >= OP.close) heard.control(opcode, Buffer.concat(control));
    }
    return undefined;
  };
}

export interface WebSocketContent {
  /** Messages of text instead of binary ones. */
  readonly text: boolean;
  /** Docker's frames are written, of which only the content is sent: a web socket has one stream. */
  readonly framed: boolean;
}

/**
 * What is said over a web socket, both ways, as a stream of bytes: each chunk written is a message. A close of the client's
 * ends both directions, as RFC 6455 knows no half of one.
 */
export class WebSocketStream extends Duplex {
  readonly #socket: Socket;
  readonly #message: (chunk: Uint8Array) => Buffer | undefined;
  #isClosing = false;
  #isLeaving = false;

  constructor(socket: Socket, content: WebSocketContent) {
    super();
    this.#socket = socket;
    this.#message = messages(content);
    const read = frameReader({
      data: (bytes) => {
        if (!this.push(bytes)) socket.pause();
      },
      control: (opcode, payload) => {
        if (opcode === OP.ping) socket.write(frame(OP.pong, payload));
        if (opcode === OP.close) this.#leave(CLOSE.normal);
      },
    });
    socket.on("data", (chunk: Buffer) => {
      if (!this.#isClosing && read(chunk) !== undefined) this.#leave(CLOSE.protocolError);
    });
    socket.on("end", () => this.destroy());
    socket.on("close", () => this.destroy());
    socket.on("error", () => this.destroy());
  }

  #leave(code: number): void {
    this.#isClosing = true;
    this.#isLeaving = true;
    this.#socket.end(closing(code));
    // It may answer that, which would fail where nobody listens any more.
    setTimeout(() => this.#socket.destroy(), LINGER).unref();
    this.destroy();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const message = this.#message(chunk);
    if (message === undefined || this.#socket.write(message)) done();
    else this.#socket.once("drain", () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#isClosing = true;
    this.#socket.end(closing(CLOSE.normal));
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#isLeaving) this.#socket.destroy();
    done(error);
  }
}

function messages({ text, framed }: WebSocketContent): (chunk: Uint8Array) => Buffer | undefined {
  let parts: Uint8Array[] = [];
  const take = demultiplexer((_stream, bytes) => parts.push(bytes));
  // A character that is cut by the end of a chunk waits for its rest: a text message is UTF-8.
  const decoder = new StringDecoder("utf8");
  return (chunk) => {
    parts = [];
    if (framed) take(chunk);
    else parts.push(chunk);
    const plain = Buffer.concat(parts);
    const data = text ? Buffer.from(decoder.write(plain)) : plain;
    return data.length === 0 ? undefined : frame(text ? OP.text : OP.binary, data);
  };
}
