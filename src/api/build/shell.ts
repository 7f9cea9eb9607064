/** Beyond Docker: a terminal in the files of a failed step that is held. */
import { empty } from "../answer.ts";
import { type Exchange, type Hijack, parameter } from "../exchange.ts";
import { join } from "../join.ts";
import { windowSize } from "../query.ts";

export async function openShell(x: Hijack): Promise<void> {
  const size = windowSize(x.query);
  const isKnown = size.rows > 0 && size.columns > 0;
  const running = await x.engine.builder.shells.open(parameter(x, "id"), isKnown ? size : null, x.signal);
  const client = await x.accept("application/vnd.docker.raw-stream");
  join(client, running.stream, { stdin: true, detachKeys: null, onDetach: () => {} });
}

export async function resizeShell(x: Exchange): Promise<void> {
  await x.engine.builder.shells.resize(parameter(x, "id"), windowSize(x.query));
  empty(x, 200);
}
