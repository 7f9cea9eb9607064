/** One record of a container's log. */
export interface LogEntry {
  readonly stream: "stdout" | "stderr";
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  /** The bytes as the program wrote them, the line feed included where there was one. */
  readonly data: Uint8Array;
  /** False: the record before it, of the same stream, did not end its line. */
  readonly startsLine: boolean;
}

const NONE = Buffer.alloc(0);
const LF = 10;
const SPACE = 32;
const STREAM_AT = 31;
const TAG_AT = 38;
const TEXT_AT = 40;

/** By the record's tag: F where a line ends, P where it does not. */
export function endsLine(record: Buffer): boolean {
  return record[TAG_AT] !== 0x50;
}

/**
 * Turns the bytes of CRI text records (`2026-11-24T01:02:03.123456789Z stdout F text\n`) into entries. Bytes come in
 * pieces of any size; what is kept between two pieces is less than one record. What is not a record is left out.
 */
export class RecordReader {
  #rest: Buffer = NONE;
  readonly #open = { stdout: false, stderr: false };
  #second = "";
  #secondNs = 0n;

  /** `piece` is not written to afterwards: entries are views of it. */
  push(piece: Buffer): LogEntry[] {
    const entries: LogEntry[] = [];
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let from = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, from)) {
      const entry = this.#entry(bytes.subarray(from, end + 1));
      if (entry !== undefined) entries.push(entry);
      from = end + 1;
    }
    this.#rest = from === bytes.length ? NONE : Buffer.from(bytes.subarray(from));
    return entries;
  }

  /** Another file follows: an unfinished record of the last one will never be finished. */
  cut(): void {
    this.#rest = NONE;
  }

  #entry(record: Buffer): LogEntry | undefined {
    if (record.length <= TEXT_AT || record[TAG_AT - 1] !== SPACE || record[TEXT_AT - 1] !== SPACE) return;
    const name = record.toString("latin1", STREAM_AT, TAG_AT - 1);
    const stream = name === "stdout" || name === "stderr" ? name : undefined;
    const time = this.#time(record);
    if (stream === undefined || time === undefined) return undefined;
    const whole = endsLine(record);
    const startsLine = !this.#open[stream];
    this.#open[stream] = !whole;
    return {
      stream,
      time,
      startsLine,
      data: record.subarray(TEXT_AT, whole ? record.length : record.length - 1),
    };
  }

  #time(record: Buffer): bigint | undefined {
    const second = record.toString("latin1", 0, 19);
    if (second !== this.#second) {
      const milliseconds = Date.parse(`${second}Z`);
      if (Number.isNaN(milliseconds)) return undefined;
      this.#second = second;
      this.#secondNs = BigInt(milliseconds) * 1_000_000n;
    }
    const fraction = Number(record.toString("latin1", 20, 29));
    return Number.isNaN(fraction) ? undefined : this.#secondNs + BigInt(fraction);
  }
}
