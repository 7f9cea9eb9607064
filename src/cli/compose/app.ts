/** What every verb of compose works with: the files' project, and what the engine has of it. */

import type { Client } from "../../client/client.ts";
import type { Loaded } from "../../compose/file/load.ts";
import type { Needs } from "../../compose/model/needs.ts";
import type { Project } from "../../compose/model/project.ts";
import { nearest } from "../../oci/nearest.ts";
import { printWarning } from "../print-error.ts";
import { err } from "../terminal/output.ts";
import type { Context } from "../verb.ts";
import { type Member, members } from "./members.ts";
import type { ComposeValues } from "./options.ts";

export interface App {
  readonly context: Context;
  readonly client: Client;
  readonly options: ComposeValues;
  /** The files, read once. COMPOSE_INVALID, COMPOSE_NOT_FOUND. */
  loaded(how?: { readonly interpolate?: boolean }): Promise<Loaded>;
  /** What they say. `chosen`: services that the line names, whose profiles are on; `needs`: they are about to be made. */
  project(chosen?: readonly string[], how?: { readonly needs?: Needs }): Promise<Project>;
  /** Undefined: the line names an application and no file, so that what the engine has is all that is known. */
  projectIfAny(chosen?: readonly string[]): Promise<Project | undefined>;
  name(): Promise<string>;
  /** Its containers; of these services only, where any is named, each of which must be known. */
  members(services?: readonly string[]): Promise<readonly Member[]>;
}

export function appOf(context: Context, options: ComposeValues): App {
  const { client } = context;
  const read = once((interpolate: boolean) => load(options, interpolate));
  const hasName = () => nameOf(options) !== undefined && options.file.length === 0;
  const told = new Set<string>();
  const app: App = {
    ...{ context, client, options },
    loaded: ({ interpolate = true } = {}) => read(interpolate),
    project: async (chosen = [], how = {}) => {
      const { projectOf } = await import("../../compose/model/of.ts");
      const project = projectOf(await read(true), chosen, how);
      for (const warning of project.warnings) if (!told.has(warning)) err(printWarning(new Error(warning)));
      for (const warning of project.warnings) told.add(warning);
      return project;
    },
    projectIfAny: async (chosen) => (hasName() ? undefined : app.project(chosen)),
    name: async () => (hasName() ? (nameOf(options) ?? "") : (await read(true)).name),
    async members(services = []) {
      const all = await members(client, await app.name());
      if (services.length === 0) return all;
      const project = await app.projectIfAny(services);
      const known = new Set([
        ...all.map(({ service }) => service),
        ...(project?.services.keys() ?? []),
        ...(project?.disabled.keys() ?? []),
      ]);
      for (const service of services) refuseUnknown(service, known);
      return all.filter(({ service }) => services.includes(service));
    },
  };
  return app;
}

export function refuseUnknown(service: string, known: ReadonlySet<string>): void {
  if (known.has(service)) return;
  const near = nearest(service, [...known]);
  throw new Error(`no such service: ${service}${near === undefined ? "" : `: did you mean "${near}"?`}`);
}

const nameOf = (options: ComposeValues): string | undefined =>
  options["project-name"] ?? (process.env["COMPOSE_PROJECT_NAME"] || undefined);

async function load(options: ComposeValues, interpolate: boolean): Promise<Loaded> {
  const { loadFile } = await import("../../compose/file/load.ts");
  const directory = options["project-directory"];
  return loadFile({
    files: options.file,
    ...(directory === undefined ? {} : { projectDirectory: directory }),
    ...(options["project-name"] === undefined ? {} : { projectName: options["project-name"] }),
    envFiles: options["env-file"],
    env: process.env,
    workingDir: process.cwd(),
    interpolate,
    profiles: options.profile,
  });
}

/** The first answer for each argument, again. */
function once<A, T>(work: (argument: A) => Promise<T>): (argument: A) => Promise<T> {
  const known = new Map<A, Promise<T>>();
  return (argument) => {
    const answer = known.get(argument) ?? work(argument);
    known.set(argument, answer);
    return answer;
  };
}
