import { answer, type Scope } from "./answer.ts";
import { forwarder } from "./forward.ts";
import { gate } from "./gate.ts";
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
  /** Servers that the container was told to use (`--dns`); empty: the host's. Asked for each query, too. */
  dns(): readonly string[];
}

/** Takes a message; `reply` is called once with its answer, at once or later, or never where none is due. */
export type Answering = (query: Uint8Array, stream: boolean, reply: (answer: Uint8Array) => void) => void;

/** Queries that other servers are asked at a time, of one container and of all: each has a socket. */
const MOST = 128;
const MOST_OF_ALL = 2048;
/** Of one container, that wait for their turn; and for how many milliseconds. */
const MOST_WAITING = 1024;
const PATIENCE = 4000;

export function nameServer(): NameServer {
  const { ask, close } = forwarder();
  let underWay = 0;
  return {
    close,
    open: ({ scope, dns }) => {
      const own = gate(MOST, MOST_WAITING, PATIENCE);
      const forward = async (query: Uint8Array, stream: boolean) => {
        if (underWay >= MOST_OF_ALL) return undefined;
        underWay++;
        try {
          return await ask(query, stream, upstreamServers(dns()));
        } catch {
          // A server's address that the host cannot even try.
          return undefined;
        } finally {
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
        void own
          .pass(() => forward(kept, stream))
          .then((found) => reply(found ?? bareReply(kept, RCODE.serverFailure)));
      };
    },
  };
}
