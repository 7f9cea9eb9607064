import { describe, expect, test } from "bun:test";
import { acceptKey, frameReader } from "../../src/api/web-socket.ts";

interface Shape {
  readonly final?: boolean;
  readonly masked?: boolean;
  readonly reserved?: number;
}

/** A client's frame. */
function frame(
  opcode: number,
  payload: string | Uint8Array,
  { final = true, masked = true, reserved = 0 }: Shape = {},
): Buffer {
  const data = Buffer.from(payload as string);
  const mask = masked ? [1, 2, 3, 250] : [0, 0, 0, 0];
  const bit = masked ? 0x80 : 0;
  const head =
    data.length < 126
      ? Buffer.from([0, bit | data.length])
      : data.length < 0x1_0000
        ? Buffer.from([0, bit | 126, data.length >> 8, data.length & 255])
        : Buffer.from([0, bit | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((by) => (data.length >> by) & 255)]);
  head[0] = (final ? 0x80 : 0) | reserved | opcode;
  return Buffer.concat([
    head,
    Buffer.from(masked ? mask : []),
    data.map((byte, index) => byte ^ (mask[index & 3] ?? 0)),
  ]);
}

function read(bytes: Buffer, pieces: number) {
  let data = Buffer.alloc(0);
  const controls: [number, string][] = [];
  const take = frameReader({
    data: (more) => {
      data = Buffer.concat([data, more]);
    },
    control: (opcode, payload) => controls.push([opcode, payload.toString()]),
  });
  let wrong: string | undefined;
  for (let at = 0; at < bytes.length && wrong === undefined; at += pieces)
    wrong = take(bytes.subarray(at, at + pieces));
  return { data: data.toString(), controls, wrong };
}

describe("a client's frames (RFC 6455)", () => {
  const long = "x".repeat(70_000);
  const middle = "y".repeat(300);
  const all = Buffer.concat([
    frame(2, "binary"),
    frame(1, ""),
    frame(9, ""),
    frame(1, "begun ", { final: false }),
    frame(9, "ping"),
    frame(0, "and ended", { final: true }),
    frame(2, middle),
    frame(2, long),
    frame(8, "\x03\xe8"),
  ]);

  test.each([1, 2, 3, 7, 4096, 1 << 20])("in pieces of %d bytes", (pieces) => {
    const { data, controls, wrong } = read(all, pieces);
    expect(wrong).toBeUndefined();
    expect(data === `binarybegun and ended${middle}${long}`).toBe(true);
    expect(controls).toEqual([
      [9, ""],
      [9, "ping"],
      [8, "\x03\xe8"],
    ]);
  });

  test.each([
    [frame(2, "a", { masked: false }), "not masked"],
    [frame(2, "a", { reserved: 0x40 }), "reserved bits"],
    [frame(3, "a"), "opcode 3"],
    [frame(11, "a"), "opcode 11"],
    [frame(0, "a"), "no beginning"],
    [Buffer.concat([frame(1, "a", { final: false }), frame(1, "b")]), "within another"],
    [frame(9, "a", { final: false }), "control frame"],
    [frame(9, middle), "control frame"],
    [Buffer.from([0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]), "longer than can be"],
  ])("%j is refused", (bytes, why) => {
    expect(read(bytes, 1).wrong).toContain(why);
  });

  test("random bytes are taken apart or refused, never more", () => {
    for (let run = 0; run < 2000; run++) {
      const bytes = Buffer.from(Array.from({ length: 64 }, () => Math.floor(Math.random() * 256)));
      const { data } = read(bytes, 1 + (run % 64));
      expect(data.length).toBeLessThanOrEqual(64);
    }
  });
});

test("the handshake's answer is that of section 1.3", () => {
  const headers = {
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  expect(acceptKey(headers)).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  expect(acceptKey({ ...headers, upgrade: "tcp" })).toBeUndefined();
  expect(acceptKey({ ...headers, "sec-websocket-version": "8" })).toBeUndefined();
  expect(acceptKey({ ...headers, "sec-websocket-key": "short" })).toBeUndefined();
});
