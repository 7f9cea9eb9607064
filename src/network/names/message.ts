/** The parts of a DNS message (RFC 1035, 4.1) that are passed on as they came: its header and its question. */

export const HEADER = 12;
const LABEL_MAX = 63;
const NAME_MAX = 255;
const TYPE_AND_CLASS = 4;

const RESPONSE = 0x80;
const TRUNCATED = 0x02;
const RECURSION_DESIRED = 0x01;
const RECURSION_AVAILABLE = 0x80;

/** RFC 1035, 4.1.1; RFC 2136, 2.2. */
export const RCODE = {
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
} as const;

const flags = (message: Uint8Array) => message[2] ?? 0;
export const isResponse = (message: Uint8Array): boolean => (flags(message) & RESPONSE) !== 0;
export const opcodeOf = (message: Uint8Array): number => (flags(message) >>> 3) & 0xf;
export const rcodeOf = (message: Uint8Array): number => (message[3] ?? 0) & 0xf;
export const idOf = (message: Uint8Array): number => ((message[0] ?? 0) << 8) | (message[1] ?? 0);
const questionsIn = (message: Uint8Array): number => ((message[4] ?? 0) << 8) | (message[5] ?? 0);

/** Header and question; undefined where there is not exactly one question, or it is none. */
export function questionOf(message: Uint8Array): Uint8Array | undefined {
  if (message.length < HEADER || questionsIn(message) !== 1) return undefined;
  let at = HEADER;
  for (let length = message[at]; length !== 0; length = message[at]) {
    // A pointer has nothing to point to yet.
    if (length === undefined || length > LABEL_MAX) return undefined;
    at += length + 1;
    if (at - HEADER > NAME_MAX) return undefined;
  }
  const end = at + 1 + TYPE_AND_CLASS;
  return end <= message.length ? message.subarray(0, end) : undefined;
}

/** The same message under another id. */
export function withId(message: Uint8Array, id: number): Uint8Array {
  const copy = Uint8Array.from(message);
  copy[0] = id >>> 8;
  copy[1] = id & 0xff;
  return copy;
}

/** An answer that holds nothing but its question. */
export function bareReply(query: Uint8Array, rcode: number, { truncated = false } = {}): Uint8Array {
  const reply = Uint8Array.from(questionOf(query) ?? query.subarray(0, HEADER));
  const kept = flags(query) & (0x78 | RECURSION_DESIRED);
  reply.set([RESPONSE | kept | (truncated ? TRUNCATED : 0), RECURSION_AVAILABLE | rcode], 2);
  reply.set([0, reply.length > HEADER ? 1 : 0, 0, 0, 0, 0, 0, 0], 4);
  return reply;
}

/**
 * Whether a message answers this query: same id, same question. A server that refuses a query may leave the question out
 * (RFC 2308 has examples).
 */
export function answers(reply: Uint8Array, query: Uint8Array): boolean {
  if (reply.length < HEADER || !isResponse(reply) || idOf(reply) !== idOf(query)) return false;
  if (questionsIn(reply) === 0) return rcodeOf(reply) !== 0;
  const [asked, answered] = [questionOf(query), questionOf(reply)];
  if (asked === undefined || answered === undefined || asked.length !== answered.length) return false;
  return asked.every((byte, at) => at < HEADER || lower(byte) === lower(answered[at] ?? 0));
}

/** RFC 4343: letters of ASCII alone have two forms. */
const lower = (byte: number) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
