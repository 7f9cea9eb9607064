import { framed } from "../../oci/stream-frames.ts";
import { empty, json } from "../answer.ts";
import { consoleSize } from "../ask/container.ts";
import { askedExec } from "../ask/exec.ts";
import { flag } from "../asked.ts";
import { body } from "../body.ts";
import { type Exchange, type Hijack, parameter, type Route } from "../exchange.ts";
import { join, parseDetachKeys } from "../join.ts";
import { windowSize } from "../query.ts";
import { messageOf, statusOf } from "../status.ts";
import { streamType } from "./streams.ts";

/** Programs started beside a container's first one. */
export const execRoutes: readonly Route[] = [
  { method: "POST", pattern: "/containers/{id}/exec", handle: create },
  { method: "POST", pattern: "/exec/{id}/start", hijack: start },
  { method: "POST", pattern: "/exec/{id}/resize", handle: resize },
  { method: "GET", pattern: "/exec/{id}/json", handle: inspect },
];

async function create(x: Exchange): Promise<void> {
  const options = askedExec(await body(x.request));
  json(x, 201, { Id: await x.engine.execs.create(parameter(x, "id"), options) });
}

async function start(x: Hijack): Promise<void> {
  const asked = await x.body();
  const id = parameter(x, "id");
  const { options, running, exitCode } = x.engine.execs.inspect(id);
  const detach = flag(asked, "Detach");
  const starting = x.engine.execs.start(id, { detach, consoleSize: consoleSize(asked) });
  // Once is enough: a second start is refused before the connection is taken over.
  if (detach || running || exitCode !== null) {
    await starting;
    return x.decline(200);
  }
  let stream: Awaited<typeof starting>;
  try {
    stream = await starting;
  } catch (error) {
    if ([404, 409].includes(statusOf(error))) throw error;
    // The docker CLI takes no refusal here: it shows what comes on the stream and asks for the exit code.
    const { output } = await x.accept(streamType(x, options.tty));
    const message = Buffer.from(`${messageOf(error)}\r\n`);
    output.end(options.tty ? message : framed("stderr", message));
    return;
  }
  if (stream === null) return x.decline(200);
  const stdin = options.attachStdin;
  const detachKeys = options.tty && stdin ? parseDetachKeys(options.detachKeys) : null;
  join(await x.accept(streamType(x, options.tty)), stream, {
    stdin,
    detachKeys,
    onDetach: () => x.engine.execs.detached(id),
  });
}

async function resize(x: Exchange): Promise<void> {
  await x.engine.execs.resize(parameter(x, "id"), windowSize(x.query));
  empty(x, 200);
}

function inspect(x: Exchange): void {
  const { id, containerId, options, running, exitCode, pid } = x.engine.execs.inspect(parameter(x, "id"));
  const [entrypoint = "", ...rest] = options.command;
  json(x, 200, {
    ID: id,
    Running: running,
    ExitCode: exitCode,
    ProcessConfig: {
      tty: options.tty,
      entrypoint,
      arguments: rest,
      privileged: options.privileged,
      ...(options.user === null ? {} : { user: options.user }),
    },
    OpenStdin: options.attachStdin,
    OpenStderr: options.attachStderr,
    OpenStdout: options.attachStdout,
    CanRemove: !running,
    ContainerID: containerId,
    DetachKeys: Buffer.from(parseDetachKeys(options.detachKeys)).toString("base64"),
    Pid: pid,
  });
}
