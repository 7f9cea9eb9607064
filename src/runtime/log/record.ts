import { FRAME_HEAD, type StandardStream, writeFrameHead } from "../../oci/stream-frames.ts";

/** Which records are wanted. */
export interface Wanted {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since 1970. */
  readonly since: bigint | null;
  readonly until: bigint | null;
}

/** What their texts are given on as. */
export interface LogForm {
  /** Each in a frame of Docker's; else both streams are one. */
  readonly framed: boolean;
  /** Each begins with its time and a space. */
  readonly timestamps: boolean;
  /** And then with this. */
  readonly details: string;
}

const NONE = Buffer.alloc(0);
const LF = 10;
const SPACE = 32;
/** A record is `2026-11-24T01:02:03.123456789Z stdout F text\n`. */
const TIME = 30;
const SECOND = 19;
const STREAM_AT = 31;
const TAG_AT = 38;
const TEXT_AT = 40;
const STREAMS = { stdout: Buffer.from(" stdout "), stderr: Buffer.from(" stderr ") };

/** By the record's tag: F where a line ends, P where it does not. */
export function endsLine(record: Buffer): boolean {
  return record[TAG_AT] !== 0x50;
}

/**
 * Turns the bytes of CRI text records into what a client is sent. Bytes come in pieces of any size; what is kept between
 * two pieces is less than one record. What is not a record is left out.
 */
export class LogText {
  readonly #wanted: Wanted;
  readonly #form: LogForm;
  readonly #details: Buffer;
  #rest: Buffer = NONE;
  /** Of the last record, as it is written and in nanoseconds. */
  #second: Buffer = NONE;
  #secondNs = 0n;
  #isOver = false;

  constructor(wanted: Wanted, form: LogForm) {
    this.#wanted = wanted;
    this.#form = form;
    this.#details = Buffer.from(form.details);
  }

  /** A record came that is later than what is wanted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What is wanted of them; empty where that is nothing. It may lie in `piece`, which is this one's from now on. */
  push(piece: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    // A frame's head and a time are no longer than what stands before a record's text: it moves down where it lies.
    const extra = this.#details.length * Math.ceil(bytes.length / TEXT_AT);
    const out = extra === 0 ? bytes : Buffer.allocUnsafeSlow(bytes.length + extra);
    let length = 0;
    let from = 0;
    for (let end = bytes.indexOf(LF); end !== -1 && !this.#isOver; end = bytes.indexOf(LF, from)) {
      length = this.#put(out, length, bytes, from, end + 1);
      from = end + 1;
    }
    this.#rest = from === bytes.length ? NONE : Buffer.from(bytes.subarray(from));
    return out.subarray(0, length);
  }

  /** Another file follows: an unfinished record of the last one will never be finished. */
  cut(): void {
    this.#rest = NONE;
  }

  /** The record at `from`, written to `out` at `at`, its head last: `out` may be `bytes`. Answers where the next one goes. */
  #put(out: Buffer, at: number, bytes: Buffer, from: number, end: number): number {
    const stream = this.#streamOf(bytes, from, end);
    if (stream === undefined || !this.#isInTime(bytes, from) || !this.#wanted[stream]) return at;
    const { framed, timestamps } = this.#form;
    const textEnd = bytes[from + TAG_AT] === 0x50 ? end - 1 : end;
    let to = framed ? at + FRAME_HEAD : at;
    // The space behind it included.
    if (timestamps) to += bytes.copy(out, to, from, from + TIME + 1);
    to += this.#details.copy(out, to);
    to += bytes.copy(out, to, from + TEXT_AT, textEnd);
    if (framed) writeFrameHead(out, at, stream, to - at - FRAME_HEAD);
    return to;
  }

  #streamOf(bytes: Buffer, from: number, end: number): StandardStream | undefined {
    if (end - from <= TEXT_AT || bytes[from + TEXT_AT - 1] !== SPACE) return undefined;
    const second = this.#second;
    if (second === NONE || bytes.compare(second, 0, SECOND, from, from + SECOND) !== 0) {
      const milliseconds = Date.parse(`${bytes.toString("latin1", from, from + SECOND)}Z`);
      if (Number.isNaN(milliseconds)) return undefined;
      this.#second = Buffer.from(bytes.subarray(from, from + SECOND));
      this.#secondNs = BigInt(milliseconds) * 1_000_000n;
    }
    // Both names are of one length, and differ in their third letter.
    const stream = bytes[from + STREAM_AT + 3] === 0x6f ? "stdout" : "stderr";
    const isNamed = bytes.compare(STREAMS[stream], 0, 8, from + TIME, from + TAG_AT) === 0;
    return isNamed ? stream : undefined;
  }

  #isInTime(bytes: Buffer, from: number): boolean {
    const { since, until } = this.#wanted;
    if (since === null && until === null) return true;
    const fraction = Number(bytes.toString("latin1", from + SECOND + 1, from + TIME - 1));
    if (Number.isNaN(fraction)) return false;
    const time = this.#secondNs + BigInt(fraction);
    this.#isOver = until !== null && time > until;
    return !this.#isOver && (since === null || time >= since);
  }
}
