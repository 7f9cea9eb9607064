import { at, type Client } from "../../client/client.ts";
import { formatJson } from "../../client/json.ts";
import { attached, createBody } from "../create/body.ts";
import { withImage } from "../create/make.ts";
import { flag } from "../options/option.ts";
import { parse } from "../options/parse.ts";
import { UsageError } from "../options/usage-error.ts";
import { type Explanation, planText } from "../print/plan.ts";
import { out } from "../terminal/output.ts";
import { ANY, type Line, verb } from "../verb.ts";
import { create } from "./create.ts";
import { run } from "./run.ts";

const options = { json: flag("The plan, and what was measured, as JSON") };

export const explain = verb({
  usage: "[OPTIONS] CONTAINER  or  run|create [OPTIONS] IMAGE [COMMAND] [ARG...]",
  options,
  args: [1, ANY],
  firstArgumentEndsOptions: true,
  examples: ["inro explain run --rm -m 64m -p 8080:80 nginx", "inro explain web"],
  async run({ client }, line: Line<typeof options>) {
    const [first = "", ...rest] = line.args;
    const isLine = (first === "run" || first === "create") && rest.length > 0;
    const explanation = isLine ? await ofLine(client, first, rest) : await ofContainer(client, line.args);
    out(line.options.json ? `${formatJson(explanation, 2)}\n` : planText(explanation));
    return 0;
  },
});

async function ofContainer(client: Client, [name = "", ...more]: readonly string[]): Promise<Explanation> {
  if (more.length > 0)
    throw new UsageError(`"${more[0]}" is too much: name one container, or write a run line`, 1);
  return client.json<Explanation>({ method: "GET", path: at`/inro/containers/${name}/explain` });
}

async function ofLine(
  client: Client,
  first: "run" | "create",
  words: readonly string[],
): Promise<Explanation> {
  const table = { ...create.options, ...run.options };
  const parsed = parse(table, words, { interspersed: false });
  const [image, ...command] = parsed.args;
  if (image === undefined) throw new UsageError(`the ${first} line names no image`, 1);
  const streams = attached(parsed.options, parsed.options.detach);
  const line = { image, command, options: parsed.options, given: parsed.given, streams };
  const body = createBody(line);
  const query = { platform: parsed.options.platform };
  return withImage(client, line, () =>
    client.json<Explanation>({ method: "POST", path: "/inro/explain", query, body }),
  );
}
