import { answer, type Scope } from "./answer.ts";
import { forwarder } from "./forward.ts";
import { bareReply, RCODE } from "./message.ts";
import { upstreamServers } from "./upstream.ts";

/** Answers the DNS queries of containers. */
export interface NameServer {
  /** For one container. */
  open(client: Client): Answering;
  close(): void;
}

export interface Client {
  /** Asked for each query: what is true then. */
  scope(): Scope;
  /** Servers that the container was told to use (`--dns`); empty: the host's. */
  readonly dns: readonly string[];
}

/** Takes a message; `reply` is called once with its answer, at once or later, or never where none is due. */
export type Answering = (query: Uint8Array, stream: boolean, reply: (answer: Uint8Array) => void) => void;

/** Queries that wait for other servers, of one container and of all. */
const MOST = 256;
const MOST_OF_ALL = 1024;

export function nameServer(): NameServer {
  const { ask, close } = forwarder();
  let underWay = 0;
  return {
    close,
    open: ({ scope, dns }) => {
      let own = 0;
      const forward = async (query: Uint8Array, stream: boolean) => {
        if (own >= MOST || underWay >= MOST_OF_ALL) return undefined;
        own++;
        underWay++;
        try {
          return await ask(query, stream, upstreamServers(dns));
        } catch {
          // A server's address that the host cannot even try.
          return undefined;
        } finally {
          own--;
          underWay--;
        }
      };
      return (query, stream, reply) => {
        const turn = Math.floor(Math.random() * 0x7fffffff);
        const known = answer(query, scope(), { stream, turn });
        if (known !== "forward") {
          if (known !== undefined) reply(known);
          return;
        }
        // Copied: the bytes are those of whoever received them.
        const kept = Uint8Array.from(query);
        void forward(kept, stream).then((found) => reply(found ?? bareReply(kept, RCODE.serverFailure)));
      };
    },
  };
}
