import { fstatSync } from "node:fs";
import type { Answer, Client, Request } from "../../client/client.ts";
import { decimalSize } from "../print/human.ts";
import { err, isTerminal } from "./output.ts";

/** How long something may take until it is told that it goes on; and how often that is told anew. Milliseconds. */
const PATIENCE = 1000;
const INTERVAL = 500;

/** Verbs whose terminal is a program's, or filled by what comes: with them only what is made first is told of. */
const BUSY = new Set(["run", "start", "attach", "exec", "logs", "events", "stats"]);

/**
 * On a terminal, what the engine takes longer than a second for has a line of its own, which is gone with the answer: what
 * is done, for how long, and how many bytes went or came.
 */
export function patient(client: Client, verb: string): Client {
  // It shows all that it does.
  if (verb.startsWith("compose ")) return client;
  const isBusy = BUSY.has(verb.split(" ").at(-1) ?? verb);
  const wanted = ({ path }: Request) => !isBusy || path === "/containers/create";
  return {
    ...client,
    async send(request) {
      if (!wanted(request)) return client.send(request);
      using line = waitingLine(verb, request);
      return counted(await client.send(sent(request, line)), verb, request);
    },
    async json(request) {
      if (!wanted(request)) return client.json(request);
      using line = waitingLine(verb, request);
      return await client.json(sent(request, line));
    },
  };
}

interface WaitingLine extends Disposable {
  count(bytes: number): void;
}

function waitingLine(verb: string, { path }: Pick<Request, "path">): WaitingLine {
  const begun = performance.now();
  let total = 0;
  let drawn = false;
  const draw = () => {
    const seconds = Math.floor((performance.now() - begun) / 1000);
    const bytes = total === 0 ? "" : `  ${decimalSize(total)}`;
    const text = `${[verb, nameIn(path)].filter(Boolean).join(" ")} …  ${seconds} s${bytes}`;
    err(`\r${text.slice(0, (process.stderr.columns || 80) - 1)}\x1b[K`);
    drawn = true;
  };
  let timer: NodeJS.Timeout = setTimeout(() => {
    if (!isTerminal(2)) return;
    draw();
    timer = setInterval(draw, INTERVAL);
  }, PATIENCE);
  return {
    count(bytes) {
      total += bytes;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      if (drawn) err("\r\x1b[K");
    },
  };
}

/** What a path is about: `/containers/web/stop`. */
function nameIn(path: string): string {
  const [, name = ""] =
    /^(?:\/inro)?\/(?:containers|images|volumes|networks)\/([^/]+)(?:\/|$)/.exec(path) ?? [];
  return ["create", "json", "prune", "get", "load", "diff"].includes(name) ? "" : decodeURIComponent(name);
}

function sent(request: Request, line: WaitingLine): Request {
  return request.stream === undefined ? request : { ...request, stream: counting(request.stream, line) };
}

/** A tar comes for as long as it takes; what is piped on is for a program that may use the terminal. */
function counted(answer: Answer, verb: string, request: Request): Answer {
  const isTar = /tar|octet-stream/.test(answer.headers.get("content-type") ?? "");
  if (!isTar || !(isTerminal(1) || fstatSync(1).isFile())) return answer;
  const body = async function* () {
    using line = waitingLine(verb, request);
    yield* counting(answer.body, line);
  };
  return { ...answer, body: body() };
}

async function* counting(
  stream: AsyncIterable<Uint8Array>,
  line: WaitingLine,
): AsyncGenerator<Uint8Array, void> {
  for await (const part of stream) {
    line.count(part.length);
    yield part;
  }
}
