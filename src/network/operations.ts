import { constants } from "node:os";
import { errnoName } from "../kernel/errno.ts";
import { decodeLink, deleteLink, getLink, type Link, type Which } from "../kernel/netlink/link.ts";
import { decodeMessages, encodeMessages, type Message } from "../kernel/netlink/message.ts";
import type { Op, OpOf } from "../kernel/plan/operations.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import type { Executor } from "./lasting-executor.ts";

const { ENODEV } = constants.errno;

export type Netlink = OpOf<"netlink">;

/** What an operation is for, in words; `tolerate`: the errno that says it is done already. */
export interface About {
  readonly what: string;
  readonly because: string;
  readonly tolerate?: number;
}

/** The kernel obeys these in order, until one fails. */
export const route = (messages: readonly Message[], about: About): Netlink => ({
  ...{ kind: "netlink", family: "route", messages: encodeMessages(messages), tolerate: 0 },
  ...about,
});

/** `messages`: encoded already; a batch of nftables is one transaction. */
export const netfilter = (messages: Uint8Array, about: About): Netlink => ({
  ...{ kind: "netlink", family: "netfilter", messages, tolerate: 0 },
  ...about,
});

/** Done already is done: the monitor, a failed start and the daemon may all have to undo. */
export const removeLink = (which: Which, because: string): Netlink =>
  route([deleteLink(which)], {
    what: `remove ${typeof which === "string" ? which : `interface ${which}`}`,
    ...{ because, tolerate: ENODEV },
  });

/** The interface of a name, whatever it is. */
export async function findLink(executor: Executor, name: string): Promise<Link | undefined> {
  const about = { what: `find ${name}`, because: "the network", tolerate: ENODEV };
  const [found] = await executor.batch([route([getLink(name)], about)]);
  return linksIn(found)[0];
}

export const linksIn = (record: OpRecord | undefined): Link[] =>
  repliesIn(record).flatMap((reply) => decodeLink(reply) ?? []);

export const repliesIn = (record: OpRecord | undefined) => decodeMessages(record?.data ?? new Uint8Array(0));

/** What of a batch was not done, in words; undefined: all of it was. */
export function failureOf(ops: readonly Op[], records: readonly OpRecord[]): string | undefined {
  const wrong = records.find(({ errno }) => errno !== 0);
  if (wrong === undefined && records.length === ops.length) return undefined;
  const op = ops[wrong?.index ?? records.length];
  return `cannot ${op === undefined ? "go on" : describe(op)}: ${wordsOf(wrong)}`;
}

/** `EEXIST`, and the kernel's own words where it has some. */
export const wordsOf = (record: OpRecord | undefined): string =>
  record === undefined ? "it was not tried" : `${errnoName(record.errno)} ${record.detail}`.trim();

function describe(op: Op): string {
  if ("what" in op) return op.what;
  return "path" in op ? `${op.kind === "openPath" ? "open" : "write"} ${op.path}` : op.kind;
}
