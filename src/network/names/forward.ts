import { randomInt } from "node:crypto";
import { byDatagram, byStream } from "./exchange.ts";
import { idOf, RCODE, rcodeOf, withId } from "./message.ts";

/** Asks other servers what we do not know. */
export interface Forwarder {
  /** The first answer that is one; else what the last server said; undefined: all are silent. */
  ask(query: Uint8Array, stream: boolean, servers: readonly string[]): Promise<Uint8Array | undefined>;
  close(): void;
}

/** resolv.conf(5), MAXNS. */
const MOST = 3;
/** Milliseconds for which a server that was silent is asked last. */
const SILENCE = 30_000;
/** What another server might know better. */
const evasive: readonly number[] = [RCODE.serverFailure, RCODE.notImplemented, RCODE.refused];

export function forwarder(): Forwarder {
  const silentUntil = new Map<string, number>();
  const closing = new AbortController();
  const isSilent = (server: string) => (silentUntil.get(server) ?? 0) > performance.now();
  return {
    ask: async (query, stream, servers) => {
      const exchange = stream ? byStream : byDatagram;
      const asked = servers.slice(0, MOST).toSorted((a, b) => Number(isSilent(a)) - Number(isSilent(b)));
      let said: Uint8Array | undefined;
      for (let turn = 0; turn < MOST && asked.length > 0 && !closing.signal.aborted; turn++) {
        const server = asked.shift() ?? "";
        const began = performance.now();
        const reply = await exchange(server, withId(query, randomInt(0x10000)), closing.signal);
        if (reply !== undefined) {
          silentUntil.delete(server);
          said = withId(reply, idOf(query));
          if (!evasive.includes(rcodeOf(reply))) return said;
          continue;
        }
        silentUntil.set(server, performance.now() + SILENCE);
        // A datagram may have been lost; who refuses to listen does so again.
        if (!stream && performance.now() - began > LOST) asked.push(server);
      }
      return said;
    },
    close: () => closing.abort(),
  };
}

/** Milliseconds after which a server is silent rather than absent. */
const LOST = 1000;
