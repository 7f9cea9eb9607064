/** `networks` of a service: how it is in each (05-services.md). */
import { isIPv4, isIPv6 } from "node:net";
import { dictionary, list, options, set } from "./collection.ts";
import type { Doc } from "./doc.ts";
import type { Kind } from "./kind.ts";
import type { Endpoint } from "./project.ts";
import { record } from "./record.ts";
import { integer, matching, scalar, text } from "./scalar.ts";

const ipv4 = scalar<string>(
  "an IPv4 address",
  (value) => (isIPv4(String(value)) ? String(value) : undefined),
  String,
);
const ipv6 = scalar<string>(
  "an IPv6 address",
  (value) => (isIPv6(String(value)) ? String(value) : undefined),
  String,
);

export const mac = matching("a MAC address, such as 02:42:ac:11:65:43", /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i);

const endpoint = record<Endpoint>({
  priority: integer(),
  gw_priority: integer(),
  aliases: set(text),
  interface_name: matching("an interface's name of at most 15 signs", /^[^\s/:]{1,15}$/),
  ipv4_address: ipv4,
  ipv6_address: ipv6,
  link_local_ips: set(text),
  mac_address: mac,
  driver_opts: options,
});

const nullable: Kind<Endpoint | null> = {
  read: (node, at) => (node.kind === "scalar" && node.value === null ? null : endpoint.read(node, at)),
  print: (value, form): Doc => (value === null ? null : endpoint.print(value, form)),
};

const mapped = dictionary(nullable);

export const endpoints: Kind<Readonly<Record<string, Endpoint | null>>> = {
  ...mapped,
  read: (node, at) =>
    node.kind === "sequence"
      ? Object.fromEntries(
          list(text)
            .read(node, at)
            .map((network) => [network, null]),
        )
      : mapped.read(node, at),
};
