import { type Address, addressBytes, addressOf } from "../../oci/address.ts";

/** RFC 1035, 3.5 and RFC 3596, 2.5: the name that asks for an address's name. */
export function reverseName(address: string): string {
  const bytes = [...addressBytes(address)].reverse();
  if (bytes.length === 4) return `${bytes.join(".")}.in-addr.arpa`;
  const digits = bytes.flatMap((byte) => [(byte & 0xf).toString(16), (byte >>> 4).toString(16)]);
  return `${digits.join(".")}.ip6.arpa`;
}

/** The address that such a name asks for. */
export function reversed(name: string): Address | undefined {
  const [, four] = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name) ?? [];
  if (four !== undefined)
    return addressOf(Uint8Array.from(four.split(".").slice(0, 4).map(Number).reverse()));
  const [, six] = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name) ?? [];
  if (six === undefined) return undefined;
  return addressOf(Buffer.from(six.split(".").reverse().join(""), "hex"));
}
