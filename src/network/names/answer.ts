import dnsPacket, { type Answer, type DecodedPacket, type OptAnswer } from "dns-packet";
import { bareReply, HEADER, isResponse, opcodeOf, questionOf, RCODE } from "./message.ts";
import type { Zone } from "./zone.ts";

/** What a container may know of: the names of the networks that it is in, first of the one that its default route leads through. */
export interface Scope {
  readonly zones: readonly Zone[];
  /** Of the host, as the container reaches it; none in internal networks. */
  readonly gateways: readonly string[];
  /** Other names are asked for elsewhere. In internal networks there are none. */
  readonly forwards: boolean;
}

export interface Asking {
  /** Came by TCP. */
  readonly stream: boolean;
  /** Of several addresses another one comes first each time. */
  readonly turn: number;
}

/** Seconds. A container that comes back may have another address. */
const TTL = 1;
/** RFC 1035, 4.2.1 and RFC 6891, 6.2.3. */
const DATAGRAM = 512;
const LARGEST_DATAGRAM = 4096;
const STREAM = 65535;

const HOST_NAMES = new Set(["host.docker.internal", "gateway.docker.internal"]);

/** Answers a query, whatever its bytes are; `forward`: somebody else has to; undefined: nobody should. */
export function answer(query: Uint8Array, scope: Scope, asking: Asking): Uint8Array | "forward" | undefined {
  // Whatever is said to an answer could be answered again.
  if (query.length < HEADER || isResponse(query)) return undefined;
  if (opcodeOf(query) !== 0) return bareReply(query, RCODE.notImplemented);
  const packet = decode(query);
  const question = packet?.questions?.[0];
  if (packet === undefined || question === undefined) return bareReply(query, RCODE.formatError);
  const other = scope.forwards ? "forward" : bareReply(query, RCODE.noSuchName);
  if (question.class !== "IN") return other;
  const name = question.name.toLowerCase();
  const found = find(name, scope);
  if (found !== undefined) {
    const { type } = question;
    const addresses = type === "A" || type === "AAAA" ? rotated(found[type], asking.turn) : [];
    return reply(
      query,
      packet,
      addresses.map((data) => ({ type: type as "A", name: question.name, ttl: TTL, data })),
      asking,
    );
  }
  if (question.type !== "PTR") return other;
  const names = scope.zones.map((zone) => zone.reverse(name)).filter((one) => one !== undefined);
  const data = names.find((one) => one !== null) ?? null;
  if (data === null) return names.length > 0 ? bareReply(query, RCODE.noSuchName) : other;
  return reply(query, packet, [{ type: "PTR", name: question.name, ttl: TTL, data }], asking);
}

function decode(query: Uint8Array): DecodedPacket | undefined {
  if (questionOf(query) === undefined) return undefined;
  try {
    return dnsPacket.decode(Buffer.from(query.buffer, query.byteOffset, query.length));
  } catch {
    return undefined;
  }
}

function find(name: string, { zones, gateways }: Scope): ReturnType<Zone["find"]> {
  for (const zone of zones) {
    const found = zone.find(name);
    if (found !== undefined) return found;
  }
  if (gateways.length === 0 || !HOST_NAMES.has(name)) return undefined;
  const isSix = (address: string) => address.includes(":");
  return { A: gateways.filter((address) => !isSix(address)), AAAA: gateways.filter(isSix) };
}

function rotated<T>(values: readonly T[], turn: number): readonly T[] {
  const first = turn % (values.length || 1);
  return [...values.slice(first), ...values.slice(0, first)];
}

/** As many of the answers as whoever asked can take. */
function reply(
  query: Uint8Array,
  packet: DecodedPacket,
  answers: readonly Answer[],
  { stream }: Asking,
): Uint8Array {
  const extension = packet.additionals?.find((one): one is OptAnswer => one.type === "OPT");
  const size = Math.min(Math.max(extension?.udpPayloadSize ?? DATAGRAM, DATAGRAM), LARGEST_DATAGRAM);
  const limit = stream ? STREAM : size;
  const encode = (some: readonly Answer[]) => {
    const cut = some.length < answers.length ? dnsPacket.TRUNCATED_RESPONSE : 0;
    return dnsPacket.encode({
      type: "response",
      ...(packet.id === undefined ? {} : { id: packet.id }),
      flags:
        dnsPacket.AUTHORITATIVE_ANSWER |
        dnsPacket.RECURSION_AVAILABLE |
        cut |
        (packet.flag_rd ? dnsPacket.RECURSION_DESIRED : 0),
      questions: packet.questions ?? [],
      answers: [...some],
      additionals: extension === undefined ? [] : [extensionReply],
    });
  };
  try {
    const whole = encode(answers);
    if (whole.length <= limit) return whole;
    const base = encode([]).length;
    const each = (whole.length - base) / answers.length;
    return encode(answers.slice(0, Math.floor((limit - base) / each)));
  } catch {
    // A name that can be read but not be written.
    return bareReply(query, RCODE.formatError);
  }
}

const extensionReply: OptAnswer = {
  ...{ type: "OPT", name: ".", udpPayloadSize: LARGEST_DATAGRAM, extendedRcode: 0, ednsVersion: 0 },
  ...{ flags: 0, flag_do: false, options: [] },
};
