import { describe, expect, test } from "bun:test";
import dnsPacket, { type RecordType } from "dns-packet";
import { answer, type Scope } from "../../../src/network/names/answer.ts";
import {
  answers,
  bareReply,
  questionOf,
  RCODE,
  rcodeOf,
  withId,
} from "../../../src/network/names/message.ts";
import { zoneOf } from "../../../src/network/names/zone.ts";

const many = Array.from({ length: 200 }, (_, n) => `10.1.1.${n + 1}`);
const web = zoneOf(
  "web",
  ["10.1.0.0/16", "fd00:1::/64"],
  [
    { names: ["db", "database", "0123456789ab"], addresses: ["10.1.0.2", "fd00:1::2"] },
    { names: ["App.One", "database"], addresses: ["10.1.0.3"] },
    { names: ["crowd"], addresses: many },
  ],
);
const back = zoneOf("back", ["10.2.0.0/24"], [{ names: ["db", "only-back"], addresses: ["10.2.0.9"] }]);
const scope: Scope = { zones: [web, back], gateways: ["10.1.0.1"], forwards: true };

const query = (name: string, type: RecordType = "A", more: Partial<dnsPacket.Packet> = {}) =>
  dnsPacket.encode({
    ...{ type: "query", id: 4711, flags: dnsPacket.RECURSION_DESIRED, questions: [{ type, name }] },
    ...more,
  });
const raw = (message: Uint8Array, how: { stream?: boolean; turn?: number; in?: Scope } = {}) =>
  answer(message, how.in ?? scope, { stream: how.stream ?? false, turn: how.turn ?? 0 });
function ask(name: string, type: RecordType = "A", how: Parameters<typeof raw>[1] = {}) {
  const reply = raw(query(name, type), how);
  if (reply === undefined || reply === "forward") return reply;
  const { answers: found = [], flag_ra, flag_tc, id, questions } = dnsPacket.decode(Buffer.from(reply));
  expect({ flag_ra, id, questions }).toMatchObject({ flag_ra: true, id: 4711, questions: [{ name, type }] });
  return { rcode: rcodeOf(reply), cut: flag_tc, data: found.map((one) => ("data" in one ? one.data : "")) };
}
const data = (...found: string[]) => ({ rcode: 0, cut: false, data: found });

describe("a query for a container", () => {
  test("is answered with its address by its name, alias and short id, whatever the letters' case", () => {
    expect(ask("db")).toEqual(data("10.1.0.2"));
    expect(ask("DB")).toEqual(data("10.1.0.2"));
    expect(ask("0123456789ab")).toEqual(data("10.1.0.2"));
    expect(ask("app.one")).toEqual(data("10.1.0.3"));
  });

  test("finds it by its network too, and in the first network that has the name", () => {
    expect(ask("db.web")).toEqual(data("10.1.0.2"));
    expect(ask("db.back")).toEqual(data("10.2.0.9"));
    expect(ask("only-back")).toEqual(data("10.2.0.9"));
  });

  test("gets every address of a name, another one first each time", () => {
    expect(ask("database")).toEqual(data("10.1.0.2", "10.1.0.3"));
    expect(ask("database", "A", { turn: 1 })).toEqual(data("10.1.0.3", "10.1.0.2"));
  });

  test("for what it has not is answered with nothing, and not with `no such name`", () => {
    expect(ask("db", "AAAA")).toEqual(data("fd00:1::2"));
    expect(ask("app.one", "AAAA")).toEqual(data());
    expect(ask("db", "MX")).toEqual(data());
    const https = Buffer.from(query("db"));
    https.writeUInt16BE(65, https.length - 4);
    expect(rcodeOf(raw(https) as Uint8Array)).toBe(0);
  });

  test("that is answered in more than a datagram takes is cut, and whole by stream", () => {
    const cut = ask("crowd");
    expect(cut).toMatchObject({ rcode: 0, cut: true });
    const stream = ask("crowd", "A", { stream: true });
    expect(stream).toEqual(data(...many));
    const large = raw(
      query("crowd", "A", {
        additionals: [
          {
            ...{ type: "OPT", name: ".", udpPayloadSize: 65535, extendedRcode: 0, ednsVersion: 0 },
            ...{ flags: 0, flag_do: false, options: [] },
          },
        ],
      }),
    ) as Uint8Array;
    expect(large.length).toBeGreaterThan(512);
    expect(large.length).toBeLessThanOrEqual(4096);
    expect(dnsPacket.decode(Buffer.from(large)).additionals?.[0]).toMatchObject({ type: "OPT" });
  });
});

describe("a query by address", () => {
  test("is answered with the name, in its network", () => {
    expect(ask("2.0.1.10.in-addr.arpa", "PTR")).toEqual(data("db.web"));
    expect(ask("9.0.2.10.in-addr.arpa", "PTR")).toEqual(data("db.back"));
    const six = `2.${"0.".repeat(23)}1.0.0.0.0.0.d.f.ip6.arpa`;
    expect(ask(six, "PTR")).toEqual(data("db.web"));
  });

  test("that nobody has in the container's networks is not asked for elsewhere", () => {
    expect(ask("7.0.1.10.in-addr.arpa", "PTR")).toMatchObject({ rcode: RCODE.noSuchName });
    expect(ask("1.3.0.10.in-addr.arpa", "PTR")).toBe("forward");
    expect(ask("_services._dns-sd._udp.local", "PTR")).toBe("forward");
  });
});

test("other names are asked for elsewhere; in an internal network there are none", () => {
  expect(ask("example.org")).toBe("forward");
  expect(ask("nosuch")).toBe("forward");
  const inside = { ...scope, forwards: false, gateways: [] };
  expect(ask("example.org", "A", { in: inside })).toMatchObject({ rcode: RCODE.noSuchName });
  expect(ask("db", "A", { in: inside })).toEqual(data("10.1.0.2"));
});

test("the host has its name, where it can be reached", () => {
  expect(ask("host.docker.internal")).toEqual(data("10.1.0.1"));
  expect(ask("host.docker.internal", "AAAA")).toEqual(data());
  expect(ask("host.docker.internal", "A", { in: { ...scope, gateways: [] } })).toBe("forward");
});

describe("what is not a query", () => {
  test("is told so where it can be, and an answer is never answered", () => {
    expect(raw(new Uint8Array(11))).toBeUndefined();
    expect(raw(bareReply(query("db"), 0))).toBeUndefined();
    const update = Uint8Array.from(query("db"));
    update[2] = (update[2] ?? 0) | (5 << 3);
    expect(rcodeOf(raw(update) as Uint8Array)).toBe(RCODE.notImplemented);
    const two = query("db", "A", { questions: [1, 2].map(() => ({ type: "A", name: "db" }) as const) });
    for (const wrong of [new Uint8Array(12), two, query("db").subarray(0, 15), query("db").subarray(0, 18)])
      expect(rcodeOf(raw(wrong) as Uint8Array)).toBe(RCODE.formatError);
  });

  test("hurts nobody: a hundred thousand messages that were changed at random", () => {
    let state = 20261126;
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    const seeds = ["db", "crowd", "example.org", "2.0.1.10.in-addr.arpa"].map((name) => query(name, "PTR"));
    const seen = new Set<string>();
    for (let n = 0; n < 100_000; n++) {
      const seed = seeds[random(seeds.length)] ?? Buffer.alloc(0);
      const message = Buffer.from(seed.subarray(0, random(4) === 0 ? random(seed.length + 1) : seed.length));
      for (let changes = random(6); changes > 0 && message.length > 0; changes--)
        message[random(message.length)] = random(3) === 0 ? 0xc0 : random(256);
      const reply = raw(message, { stream: random(2) === 0 });
      if (reply instanceof Uint8Array) {
        expect(reply.length).toBeGreaterThanOrEqual(12);
        expect(reply.subarray(0, 2)).toEqual(message.subarray(0, 2));
      }
      seen.add(reply instanceof Uint8Array ? String(rcodeOf(reply)) : String(reply));
    }
    expect([...seen].sort()).toEqual(["0", "1", "3", "4", "forward", "undefined"]);
  });
});

describe("an answer from elsewhere", () => {
  const asked = query("example.org");
  const reply = bareReply(asked, 0);

  test("is one by its id and its question, whose letters may have another case", () => {
    expect(answers(reply, asked)).toBe(true);
    expect(answers(bareReply(query("EXAMPLE.org"), 0), asked)).toBe(true);
    expect(answers(bareReply(withId(query("example.org"), 9), 0), asked)).toBe(false);
    expect(answers(bareReply(query("example.com"), 0), asked)).toBe(false);
    expect(answers(bareReply(query("example.org", "AAAA"), 0), asked)).toBe(false);
    expect(answers(asked, asked)).toBe(false);
    expect(answers(reply.subarray(0, 11), asked)).toBe(false);
  });

  test("may leave the question out where it is a refusal, and only there", () => {
    const without = (rcode: number) => {
      const bare = bareReply(asked, rcode).slice(0, 12);
      bare.set([0, 0], 4);
      return bare;
    };
    expect(answers(without(RCODE.refused), asked)).toBe(true);
    expect(answers(without(0), asked)).toBe(false);
  });

  test("has a question that ends within it", () => {
    expect(questionOf(asked)?.length).toBe(asked.length);
    const endless = Uint8Array.from([...asked.subarray(0, 12), ...Array.from({ length: 300 }, () => 1)]);
    expect(questionOf(endless)).toBeUndefined();
  });
});
