import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BuildEvent } from "../../src/build/progress.ts";
import type { Outcome } from "../../src/oci/build-line.ts";
import type { TestEngine } from "../support/engine.ts";
import { tarOf } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";

type Told = Exclude<BuildEvent, { type: "output" }> | { type: "output"; step: number; text: string };

export interface Building {
  readonly status: number;
  /** Our own events, as they came. */
  readonly events: readonly Told[];
  /** The image's id; empty where there is none. */
  readonly image: string;
  /** What the engine said where it failed; else empty. */
  readonly error: string;
  /** What all steps printed. */
  readonly output: string;
  /** How the step of an instruction ended, by its text as docker prints it. */
  ended(text: string): Outcome["kind"] | undefined;
}

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A Dockerfile's text. */
export const lines = (...all: string[]) => `${all.join("\n")}\n`;

/** Writes files below a folder. */
export function write(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** Builds files that are sent as a tar; `query` beside the names that Docker has. */
export async function build(
  engine: Pick<TestEngine, "socket">,
  files: Files | Uint8Array,
  query: Readonly<Record<string, string | readonly string[]>> = {},
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Building> {
  using folder = temporaryFolder("context");
  if (!(files instanceof Uint8Array)) write(folder.path, files);
  const words = new URLSearchParams(query["progress"] === undefined ? { progress: "events" } : {});
  for (const [name, value] of Object.entries(query))
    for (const each of [value].flat()) words.append(name, each);
  const answer = await fetch(`http://engine/v1.51/build?${words}`, {
    ...{ method: "POST", unix: engine.socket, ...(signal === undefined ? {} : { signal }) },
    headers: { "content-type": "application/x-tar", ...headers },
    body: files instanceof Uint8Array ? files : tarOf(folder.path),
  });
  const lines = (await answer.text()).split("\r\n").filter((line) => line !== "");
  const values = lines.map((line) => JSON.parse(line) as Told & { error?: string; message?: string });
  const failed = values.find((value) => value.error ?? (answer.ok ? undefined : value.message));
  const events = values.filter((value) => value.type !== undefined);
  const image = events.find((event) => event.type === "image");
  return {
    status: answer.status,
    events,
    image: image?.type === "image" ? image.id : "",
    error: failed?.error ?? failed?.message ?? "",
    output: events.flatMap((event) => (event.type === "output" ? [event.text] : [])).join(""),
    ended(text) {
      const graph = events.find((event) => event.type === "graph");
      const step = graph?.type === "graph" ? graph.steps.find((each) => each.text === text) : undefined;
      const end = events.find((event) => event.type === "ended" && event.step === step?.number);
      return end?.type === "ended" ? end.outcome.kind : undefined;
    },
  };
}
