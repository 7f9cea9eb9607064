import { errnoName } from "../errno.ts";
import { nativeArchitecture } from "../seccomp/architecture.ts";
import { callNumbers } from "../seccomp/numbers.ts";
import { ACTS, type Act } from "./act.ts";
import { FRAME_HEADER, FRAME_LIMIT } from "./frames.ts";
import { type Kind, operations } from "./operations.ts";
import type { OpRecord } from "./record.ts";

/** A frame as it came. */
export interface Frame {
  readonly type: number;
  readonly request: number;
  readonly payload: Buffer;
}

/** Cuts a stream into frames; throws RangeError for one that no side of ours sends. */
export class FrameCutter {
  #held: Buffer[] = [];
  #length = 0;

  *push(chunk: Buffer): Generator<Frame> {
    this.#held.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= FRAME_HEADER) {
      const all = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
      this.#held = [all];
      const length = all.readUInt32LE(0) + 4;
      if (length < FRAME_HEADER || length > FRAME_LIMIT) throw new RangeError(`a frame of ${length} bytes`);
      if (all.length < length) return;
      this.#held = [all.subarray(length)];
      this.#length = all.length - length;
      yield {
        type: all.readUInt16LE(4),
        request: all.readUInt32LE(8),
        payload: all.subarray(FRAME_HEADER, length),
      };
    }
  }
}

let names: ReadonlyMap<number, string> | undefined;

/** The system call's name; the table is made for the first one that is asked for. */
function callName(step: number): string {
  names ??= new Map(
    Object.entries(callNumbers()[nativeArchitecture()]).map(([name, number]) => [number as number, name]),
  );
  return names.get(step) ?? `system call ${step}`;
}

const NO_STEP = 0xffff;
/** enum record_state of native/execute.h. */
const TOLERATED = 3;

/** What was executed, for `kindOf` to name: a plan's acts, or a batch as its act `host`. */
export type Executed = Partial<Readonly<Record<Act, readonly { readonly kind: Kind }[]>>>;

/** Decodes the records at the end of RESULT, PLAN_RESULT and STARTED. */
export function decodeRecords(bytes: Buffer, executed: Executed): OpRecord[] {
  const records: OpRecord[] = [];
  const count = bytes.readUInt32LE(0);
  let at = 4;
  for (let i = 0; i < count; i++) {
    const act = ACTS[bytes.readUInt8(at)] as Act;
    const state = bytes.readUInt8(at + 1);
    const step = bytes.readUInt16LE(at + 2);
    const index = bytes.readUInt32LE(at + 4);
    const error = bytes.readInt32LE(at + 8);
    const said = bytes.readUInt32LE(at + 24);
    const detail = bytes.toString("utf8", at + 28, at + 28 + said);
    const dataAt = at + 28 + said + 1;
    const size = bytes.readUInt32LE(dataAt);
    const op = executed[act]?.[index];
    if (op === undefined || !(op.kind in operations))
      throw new RangeError(`a record of no operation: ${act} ${index}`);
    records.push({
      act,
      index,
      kind: op.kind,
      step: step === NO_STEP ? "" : callName(step),
      errno: state === TOLERATED ? 0 : error,
      ns: bytes.readUInt32LE(at + 12),
      value: Number(bytes.readBigUInt64LE(at + 16)),
      detail:
        state === TOLERATED ? [`tolerated ${errnoName(error)}`, detail].filter(Boolean).join(": ") : detail,
      ...(size > 0 && { data: Buffer.from(bytes.subarray(dataAt + 4, dataAt + 4 + size)) }),
    });
    at = dataAt + 4 + size;
  }
  return records;
}
