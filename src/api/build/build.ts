import { StepFailure } from "../../build/solve/run.ts";
import { stream } from "../answer.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { lines } from "../images/lines.ts";
import { flag, text } from "../query.ts";
import { askedBuild } from "./ask.ts";
import { pruneCache } from "./cache.ts";
import { buildLog, listBuilds } from "./history.ts";
import { openShell, resizeShell } from "./shell.ts";
import { bounded } from "./slow.ts";
import { classicLines, eventLines } from "./tell.ts";

export const buildRoutes: readonly Route[] = [
  { method: "POST", pattern: "/build", handle: build },
  { method: "POST", pattern: "/build/prune", handle: pruneCache },
  { method: "GET", pattern: "/inro/builds", handle: listBuilds },
  { method: "GET", pattern: "/inro/builds/{id}/log", handle: buildLog },
  { method: "POST", pattern: "/inro/builds/{id}/shell", hijack: openShell },
  { method: "POST", pattern: "/inro/builds/{id}/resize", handle: resizeShell },
  // Beyond Docker: what `--output` writes.
  { method: "GET", pattern: "/inro/images/{name...}/files", handle: files },
];

async function files(x: Exchange): Promise<void> {
  const image = x.engine.images.resolve(parameter(x, "name"));
  await stream(x, "application/x-tar", await x.engine.builder.files(image));
}

async function build(x: Exchange): Promise<void> {
  const request = await askedBuild(x);
  const out = lines(x);
  const say = (line: object) => out.say(line);
  const isQuiet = flag(x.query, "q");
  const told =
    text(x.query, "progress") === "events" ? eventLines(say) : isQuiet ? () => {} : classicLines(say);
  const tell = bounded(told, () => x.response.writableLength);
  try {
    const image = await x.engine.builder.build(request, tell, x.signal);
    if (isQuiet && image !== null) out.say({ stream: `${image.id}\n` });
    out.end();
  } catch (error) {
    if (!(error instanceof StepFailure)) return out.fail(error);
    // What docker's command line takes its exit code from.
    const { node, exitCode: code } = error;
    const message = `The command '${node.arguments.join(" ")}' returned a non-zero code: ${code}`;
    out.say({ errorDetail: { code, message }, error: message });
    out.end();
  }
}
