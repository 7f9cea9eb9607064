/** The builder's own verbs: builds that were, and what they told. */
import { at, type Client } from "../../client/client.ts";
import type { BuildLine } from "../../oci/build-line.ts";
import { flag, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { failureText } from "../print/build/failure.ts";
import { seconds } from "../print/build/lines.ts";
import { plainText } from "../print/build/plain.ts";
import { ago, shortId } from "../print/human.ts";
import { type Listing, listing } from "../print/listing.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface Build {
  readonly Id: string;
  readonly State: string;
  readonly Begun: string;
  readonly Ended: string | null;
  readonly Dockerfile: string;
  readonly Context: string;
  readonly Target: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly Error: string;
  readonly Steps: { readonly Done: number; readonly Cached: number };
}

const builds = (client: Client) => client.json<readonly Build[]>({ method: "GET", path: "/inro/builds" });

const columns: Listing = {
  titles: {
    ...{ ID: "BUILD ID", State: "STATE", Begun: "BEGUN", Took: "TOOK", Steps: "STEPS", Cached: "CACHED" },
    ...{ Image: "IMAGE", Names: "NAMES", Context: "CONTEXT", Dockerfile: "DOCKERFILE", Target: "TARGET" },
    Error: "ERROR",
  },
  columns: ["ID", "State", "Begun", "Took", "Steps", "Cached", "Image", "Names"],
  quiet: "ID",
};

function rowOf(build: Build) {
  const begun = Date.parse(build.Begun);
  return {
    ID: build.Id,
    State: build.State,
    Begun: ago(begun / 1000),
    Took:
      build.State === "lost"
        ? ""
        : seconds((build.Ended === null ? Date.now() : Date.parse(build.Ended)) - begun),
    Steps: build.Steps.Done + build.Steps.Cached,
    Cached: build.Steps.Cached,
    Image: shortId(build.Image),
    Names: build.Names.join(", "),
    ...{ Context: build.Context, Dockerfile: build.Dockerfile, Target: build.Target, Error: build.Error },
  };
}

export const builderLs = verb({
  usage: "[OPTIONS]",
  options: {
    format: text("FORMAT", "A Go template, table, or json"),
    quiet: flag("Print ids only", { short: "q" }),
  },
  args: [0, 0],
  examples: ["inro builder ls", "inro builder ls --format '{{.ID}} {{.Error}}'"],
  async run({ client }, { options }) {
    out(listing(columns, (await builds(client)).map(rowOf), options));
    return 0;
  },
});

export const builderLogs = verb({
  usage: "[OPTIONS] [BUILD]",
  options: {
    progress: text("HOW", "plain (default) or rawjson", { words: ["plain", "rawjson"] }),
    explain: flag("Say of every step why it was, or was not, taken from the cache"),
    follow: flag("Go on until the build ends", { short: "f" }),
  },
  args: [0, 1],
  examples: ["inro builder logs", "inro builder logs 4f1c", "inro builder logs -f"],
  async run({ client }, { options: { progress = "plain", explain, follow }, args: [id] }) {
    if (progress !== "plain" && progress !== "rawjson")
      throw new UsageError(`cannot use "${progress}" for --progress: there are plain, rawjson`);
    const [latest] = id === undefined ? await builds(client) : [];
    const build = id ?? latest?.Id;
    if (build === undefined) throw new UsageError("nothing was built yet", 1);
    const plain = plainText({ explains: explain });
    const path = at`/inro/builds/${build}/log`;
    for await (const line of client.values<BuildLine>({ method: "GET", path, query: { follow } })) {
      if (progress === "rawjson") out(`${JSON.stringify(line)}\n`);
      else out(line.type === "failed" ? failureText(line, [], (_, each) => each, null) : plain(line));
    }
    return 0;
  },
});
