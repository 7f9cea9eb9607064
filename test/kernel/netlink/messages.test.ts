import { describe, expect, test } from "bun:test";
import { encodeAttributes, nest, readAttributes, text, u32 } from "../../../src/kernel/netlink/attribute.ts";
import {
  decodeLink,
  deleteLink,
  linkUp,
  makeBridge,
  makeVethPair,
  VETH_PEER_PID_AT,
} from "../../../src/kernel/netlink/link.ts";
import { decodeMessages, encodeMessages, NLM_F } from "../../../src/kernel/netlink/message.ts";
import { addAddress, addDefaultRoute } from "../../../src/kernel/netlink/route.ts";
import { encodeBatch } from "../../../src/kernel/nftables/batch.ts";

const hex = (data: Uint8Array) =>
  Buffer.from(data)
    .toString("hex")
    .replace(/(.{8})/g, "$1 ")
    .trim();

describe("attributes", () => {
  test("are padded to four bytes, their length is not", () => {
    expect(hex(encodeAttributes([text(3, "eth0"), u32(10, 7)]))).toBe(
      "09000300 65746830 00000000 08000a00 07000000",
    );
  });

  test("of a nest say so", () => {
    expect(hex(encodeAttributes([nest(18, [text(1, "veth")])]))).toBe("10001280 09000100 76657468 00000000");
  });

  test("read as they were written", () => {
    const read = readAttributes(encodeAttributes([text(3, "eth0"), u32(10, 7)]));
    expect([...read.keys()]).toEqual([3, 10]);
    expect(hex(read.get(10) ?? new Uint8Array())).toBe("07000000");
  });

  test("a length that lies is an error, not a read beyond the end", () => {
    expect(() => readAttributes(Uint8Array.of(9, 0, 3, 0, 1))).toThrow("claims 9 bytes where 5 are left");
    expect(() => readAttributes(Uint8Array.of(0, 0, 3, 0))).toThrow("claims 0 bytes");
  });

  test("a text with a NUL is refused: the kernel would see another name", () => {
    expect(() => text(3, "eth0\0x")).toThrow("contains a NUL");
  });
});

describe("route messages", () => {
  test("a bridge with a hardware address of its own", () => {
    const message = encodeMessages([
      makeBridge({ name: "inro0", index: 0x20000001, mac: "02:42:ac:14:00:01", mtu: null }),
    ]);
    expect(hex(message)).toBe(
      [
        "48000000 10000506 01000000 00000000", // length 72, RTM_NEWLINK, REQUEST|ACK|EXCL|CREATE, sequence 1
        "00000000 01000020 01000000 01000000", // ifinfomsg: index, IFF_UP, change IFF_UP
        "0a000300 696e726f 30000000", // IFLA_IFNAME
        "0a000100 0242ac14 00010000", // IFLA_ADDRESS
        "10001280 0b000100 62726964 67650000", // IFLA_LINKINFO { KIND }
      ].join(" "),
    );
  });

  test("a veth pair has the pid of its peer's namespace where the plan fills it in", () => {
    const encode = (name: string) =>
      encodeMessages([
        makeVethPair({
          mtu: null,
          name,
          index: 1,
          bridge: 2,
          peer: { name: "eth0", index: 64, mac: "02:42:ac:14:00:05" },
        }),
      ]);
    for (const name of ["a", "inro4f3a91bc"]) {
      const view = new DataView(encode(name).buffer);
      // IFLA_NET_NS_PID, eight bytes long.
      expect(view.getUint32(VETH_PEER_PID_AT - 4, true)).toBe((19 << 16) | 8);
      expect(view.getUint32(VETH_PEER_PID_AT, true)).toBe(0);
    }
  });

  test("what a container's eth0 needs goes out in one buffer, numbered in order", () => {
    const messages = decodeMessages(
      encodeMessages([
        linkUp(1),
        addAddress({ index: 64, address: "172.20.0.5", prefix: 16 }),
        addDefaultRoute("172.20.0.1", 64),
      ]),
    );
    expect(messages.map(({ type, sequence }) => [type, sequence])).toEqual([
      [16, 1],
      [20, 2],
      [24, 3],
    ]);
    expect(hex(messages[1]?.payload ?? new Uint8Array())).toBe(
      "02100000 40000000 08000200 ac140005 08000100 ac140005 08000400 ac14ffff",
    );
    expect(hex(messages[2]?.payload ?? new Uint8Array())).toBe(
      "02000000 fe030001 00000000 08000500 ac140001 08000400 40000000",
    );
  });

  test("an interface's name is one that the kernel takes", () => {
    for (const name of ["", "sixteen-letters-", "a/b", "a b", ".", "..", "a:1", "x%d"])
      expect(() => deleteLink(name)).toThrow("as an interface's name");
  });

  test("a link is read back", () => {
    const [asked] = decodeMessages(
      encodeMessages([makeBridge({ name: "inro0", index: 9, mac: "02:42:ac:14:00:01", mtu: null })]),
    );
    if (asked === undefined) throw new Error("nothing was decoded");
    expect(decodeLink(asked)).toEqual({
      ...{ index: 9, name: "inro0", up: true, kind: "bridge", master: 0, alias: "" },
      ...{ mac: "02:42:ac:14:00:01", group: 0 },
    });
  });
});

describe("replies", () => {
  test("a message that claims more than there is, is an error", () => {
    expect(() => decodeMessages(Uint8Array.of(64, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))).toThrow(
      "claims 64 bytes where 16 are left",
    );
  });
});

describe("nftables", () => {
  test("a transaction stands between its two ends, in order, for family inet", () => {
    const messages = decodeMessages(
      encodeBatch([
        { kind: "make-table", table: "inro" },
        { kind: "delete-table", table: "inro" },
      ]),
    );
    expect(messages.map(({ type, flags }) => [type, flags])).toEqual([
      [0x10, NLM_F.REQUEST],
      [0x0a00, NLM_F.REQUEST | NLM_F.ACK | NLM_F.CREATE],
      [0x0a02, NLM_F.REQUEST | NLM_F.ACK],
      [0x11, NLM_F.REQUEST],
    ]);
    expect(messages.map(({ payload }) => hex(payload.subarray(0, 4)))).toEqual([
      "0000000a",
      "01000000",
      "01000000",
      "0000000a",
    ]);
  });
});
