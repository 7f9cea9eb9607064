import { constants } from "node:os";
import type { Client } from "../../client/client.ts";
import type { Candidate, Look } from "./complete.ts";
import type { Kind } from "./kinds.ts";

/** Milliseconds that somebody who pressed a key waits for an engine at most. */
const PATIENCE = 400;

interface Summary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly State: string;
  readonly Status: string;
}

const RUNS = ["running", "paused"];
/** Verbs that make sense for some containers only. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(["attach", "exec", "kill", "pause", "stop", "top"].map((verb) => [verb, RUNS])),
  pause: ["running"],
  unpause: ["paused"],
  start: ["created", "exited"],
};

const LOOKS: { readonly [K in Kind]: (client: Client, verb: string) => Promise<readonly Candidate[]> } = {
  container: containers,
  image: images,
  volume: (client) => named(client, "/volumes", ({ Volumes }) => Volumes),
  network: (client) => named(client, "/networks", (all) => all),
  name: async (client, verb) =>
    (
      await Promise.all(
        (["container", "image", "volume", "network"] as const).map((kind) => LOOKS[kind](client, verb)),
      )
    ).flat(),
  "container:": async (client) =>
    (await containers(client, "")).map((one) => ({ ...one, word: `${one.word}:`, open: true })),
  "source:": async (client, verb) =>
    (await LOOKS.volume(client, verb)).map((one) => ({ ...one, word: `${one.word}:`, open: true })),
  service: services,
  "service:": async () => (await services()).map((one) => ({ ...one, word: `${one.word}:`, open: true })),
  file: async () => [],
  signal: async () => Object.keys(constants.signals).map((word) => ({ word, about: "" })),
};

/** Silent: what cannot be had is not there. */
export const lookAt =
  (client: Client): Look =>
  async (kind, verb) => {
    const late = Bun.sleep(PATIENCE).then(() => []);
    return Promise.race([LOOKS[kind](client, verb).catch(() => []), late]);
  };

/** Of the Compose file that is found from here. */
async function services(): Promise<readonly Candidate[]> {
  const { loadFile } = await import("../../compose/file/load.ts");
  const { projectOf } = await import("../../compose/model/of.ts");
  const asked = { files: [], envFiles: [], profiles: ["*"], env: process.env, workingDir: process.cwd() };
  const { services } = projectOf(loadFile(asked));
  return [...services].map(([word, { image = "" }]) => ({ word, about: image }));
}

async function containers(client: Client, verb: string): Promise<readonly Candidate[]> {
  const all = await client.json<readonly Summary[]>({
    method: "GET",
    path: "/containers/json",
    query: { all: true },
  });
  const states = STATES[verb.replace(/^container /, "")];
  return all
    .filter(({ State }) => states === undefined || states.includes(State))
    .flatMap(({ Names, Image, Status }) =>
      Names.map((name) => ({ word: name.replace(/^\//, ""), about: `${Image}, ${Status}` })),
    );
}

async function images(client: Client): Promise<readonly Candidate[]> {
  const all = await client.json<readonly { readonly RepoTags: readonly string[] | null }[]>({
    method: "GET",
    path: "/images/json",
  });
  const tags = all.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => !tag.includes("<none>"));
  return tags.map((tag) => ({ word: tag.replace(/:latest$/, ""), about: "" }));
}

interface Named {
  readonly Name: string;
  readonly Driver: string;
}

// biome-ignore lint/suspicious/noExplicitAny: each answer has a shape of its own, of which names are all that is read
async function named(client: Client, path: string, of: (answer: any) => readonly Named[] | null) {
  const all = of(await client.json({ method: "GET", path })) ?? [];
  return all.map(({ Name, Driver }) => ({ word: Name, about: Driver }));
}
