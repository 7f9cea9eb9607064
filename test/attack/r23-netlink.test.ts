import { expect, test } from "bun:test";
import { bytes, encodeAttributes, nest } from "../../src/kernel/netlink/attribute.ts";

test("R23 a netlink attribute that does not fit its 16-bit length is refused, never cut (CVE-2021-43784)", () => {
  expect(encodeAttributes([bytes(1, new Uint8Array(65531))])).toHaveLength(65536);
  for (const size of [65532, 65533, 70000, 131072])
    expect(() => encodeAttributes([bytes(1, new Uint8Array(size))])).toThrow(
      "netlink's lengths end at 65535",
    );
});

test("R23 nor one whose nest grows beyond it", () => {
  const half = bytes(1, new Uint8Array(33000));
  expect(() => encodeAttributes([nest(2, [half, half])])).toThrow("netlink's lengths end at 65535");
});
