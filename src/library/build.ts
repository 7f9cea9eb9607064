/** Builds: of a folder's Dockerfile, of one that is given as a text, or of a recipe. */
import { resolve } from "node:path";
import { ApiError, type Client } from "../client/client.ts";
import type { BuildLine } from "../oci/build-line.ts";
import { InroError } from "../oci/error.ts";
import { folderId } from "../platform/folder-id.ts";
import type { Recipe } from "../recipe/recipe.ts";

export interface BuildSpec {
  /** What is built, where that is no file of the context's; `ignore` are the lines of its .dockerignore. */
  readonly recipe?: Recipe;
  readonly text?: string;
  readonly ignore?: string;
  /** The Dockerfile's path in the context; left out: `Dockerfile`. */
  readonly dockerfile?: string;
  /** A folder that the engine sees as this program does; left out: nothing is copied from there. */
  readonly context?: string;
  readonly names?: readonly string[];
  /** What else files are copied from, by name: a folder, `docker-image://…`, a URL. */
  readonly contexts?: Readonly<Record<string, string>>;
  readonly args?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** A stage of the Dockerfile's. */
  readonly target?: string;
  readonly platform?: string;
  readonly pull?: boolean;
  readonly noCache?: boolean;
  /** By id; no layer and no log has them. */
  readonly secrets?: Readonly<Record<string, string | Uint8Array>>;
  /** Seconds since 1970: nothing in the image is younger. */
  readonly timestamp?: number;
}

/** No check is asked for, and no shell. */
type Line = Exclude<BuildLine, { readonly type: "checked" | "held" }>;

/** What happens; `image` comes last. */
export type BuildProgress = Exclude<Line, { readonly type: "failed" }>;

const jsonOf = (record: object | undefined) => (record === undefined ? undefined : JSON.stringify(record));

/** Iterate over it for what happens; the image is there when that ends. Throws what is wrong with it. */
export async function* build(client: Client, spec: BuildSpec): AsyncGenerator<BuildProgress, void> {
  const { recipe, text = recipe?.dockerfile(), ignore, context, secrets = {} } = spec;
  const { foreign } = await client.peer();
  if (foreign !== null)
    throw new InroError("INVALID_OPTION", { what: "cannot build", why: `${foreign} is no engine of Inro's` });
  const folder = context === undefined ? undefined : resolve(context);
  const query = {
    ...(folder === undefined ? {} : { contextfolder: folder, contextid: folderId(folder) }),
    dockerfile: spec.dockerfile,
    progress: "events",
    t: spec.names,
    buildargs: jsonOf(spec.args),
    labels: jsonOf(spec.labels),
    contexts: jsonOf(spec.contexts),
    target: spec.target,
    platform: spec.platform,
    pull: spec.pull,
    nocache: spec.noCache,
    timestamp: spec.timestamp,
  };
  const body = {
    secrets: Object.fromEntries(
      Object.entries(secrets).map(([id, value]) => [id, Buffer.from(value).toString("base64")]),
    ),
    ...(text === undefined ? {} : { dockerfile: { name: "Dockerfile", text, ignore: ignore ?? null } }),
  };
  for await (const line of client.values<Line>({ method: "POST", path: "/build", query, body })) {
    if (line.type !== "failed") yield line;
    else throw new ApiError(500, line.snippet === "" ? line.message : `${line.message}\n${line.snippet}`);
  }
}
