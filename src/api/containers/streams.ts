import { begin, empty, send } from "../answer.ts";
import { invalid } from "../asked.ts";
import { type Asking, type Exchange, type Hijack, parameter, type Route } from "../exchange.ts";
import { join, parseDetachKeys } from "../join.ts";
import { flag, text, time } from "../query.ts";
import { refuse } from "../status.ts";
import { logDetails } from "../tell/log-details.ts";

/** What a container says and hears. */
export const streamRoutes: readonly Route[] = [
  { method: "GET", pattern: "/containers/{id}/logs", handle: logs },
  // Beyond Docker: the log begins anew.
  { method: "DELETE", pattern: "/inro/containers/{id}/logs", handle: clear },
  { method: "POST", pattern: "/containers/{id}/attach", hijack: attach },
  { method: "GET", pattern: "/containers/{id}/attach/ws", hijack: attachWebSocket },
];

/** Since v1.42 a client can tell by the type whether the bytes are framed. */
export function streamType(x: Asking, tty: boolean): string {
  const framed = !tty && x.version >= 42;
  return framed ? "application/vnd.docker.multiplexed-stream" : "application/vnd.docker.raw-stream";
}

async function logs(x: Exchange): Promise<void> {
  const container = x.engine.containers.get(parameter(x, "id"));
  const [stdout, stderr] = [flag(x.query, "stdout"), flag(x.query, "stderr")];
  if (!stdout && !stderr) throw invalid("stdout", "you must choose at least one stream");
  const { tty } = container.options;
  const query = {
    ...{ stdout, stderr },
    since: time(x.query, "since"),
    until: time(x.query, "until"),
    tail: tail(x),
    follow: flag(x.query, "follow"),
    signal: x.signal,
  };
  const pieces = x.engine.containers.logs(container.id, query, {
    framed: !tty,
    timestamps: flag(x.query, "timestamps"),
    details: flag(x.query, "details") ? logDetails(container.options) : "",
  });
  begin(x, streamType(x, tty));
  const next = pieces[Symbol.asyncIterator]();
  // A function of its own, so that who waits for more does not hold what was sent last.
  const sendNext = async () => {
    const piece = await next.next();
    if (piece.done) return false;
    await send(x, piece.value);
    return true;
  };
  try {
    while (await sendNext());
  } finally {
    await next.return?.();
  }
  x.response.end();
}

async function clear(x: Exchange): Promise<void> {
  await x.engine.containers.clearLog(parameter(x, "id"));
  empty(x, 204);
}

/** As dockerd: what is not a number of lines means all of them. */
function tail(x: Exchange): number | null {
  const value = text(x.query, "tail");
  return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null;
}

async function attach(x: Hijack): Promise<void> {
  const { tty, stream, options } = await attached(x);
  join(await x.accept(streamType(x, tty)), stream, options);
}

/** Both outputs come as one, without Docker's frames; in text messages before v1.28. */
async function attachWebSocket(x: Hijack): Promise<void> {
  const accept = x.webSocket();
  const { tty, stream, options } = await attached(x);
  join(accept({ text: x.version < 28, framed: !tty }), stream, options);
}

async function attached(x: Hijack) {
  const container = x.engine.containers.get(parameter(x, "id"));
  const detachKeys = parseDetachKeys(text(x.query, "detachKeys") ?? "");
  if (container.state.status === "paused") {
    throw refuse(
      409,
      `cannot attach to "${container.name}"`,
      "it is paused, unpause the container before attach",
    );
  }
  const asked = {
    stream: flag(x.query, "stream"),
    logs: flag(x.query, "logs"),
    stdin: flag(x.query, "stdin"),
    stdout: flag(x.query, "stdout"),
    stderr: flag(x.query, "stderr"),
  };
  const stream = await x.engine.containers.attach(container.id, asked);
  const { tty } = container.options;
  const stdin = asked.stdin && asked.stream;
  const onDetach = () => x.engine.containers.detached(container.id);
  return { tty, stream, options: { stdin, detachKeys: tty && stdin ? detachKeys : null, onDetach } };
}
