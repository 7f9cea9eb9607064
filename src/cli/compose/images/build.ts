import type { Client } from "../../../client/client.ts";
import type { Project, Service } from "../../../compose/model/project.ts";
import type { BuildLine } from "../../../oci/build-line.ts";
import { type BuildContext, contextOf } from "../../build/context.ts";
import { follow } from "../../build/follow.ts";
import { builtLines } from "../../build/request.ts";
import { shown } from "../../build/show.ts";
import { titleOf } from "../../print/build/lines.ts";
import { type BuildAsked, buildSecrets, buildValues, dockerfileOf, type Env, type Meant } from "./options.ts";
import type { Tell } from "./pull.ts";

export interface BuildingService extends Pick<Meant, "image" | "imageOf"> {
  readonly project: Project;
  readonly service: Service;
  readonly env: Env;
  readonly asked: BuildAsked;
  /** Every line of every step is told; else only how far it is, and what failed. */
  readonly plain: boolean;
  readonly tell: Tell;
  /** Text that stays. */
  readonly write: (text: string) => void;
}

/** Builds a service's image; answers its id. */
export async function build(client: Client, what: BuildingService): Promise<string> {
  const { service, project, env, asked, image, imageOf, write } = what;
  const { build: section } = service;
  if (section === undefined) throw new Error(`the service "${service.name}" has no build section`);
  const options = buildValues(section, asked, { image, imageOf, env, platform: service.platform });
  const context = await contextIn(section);
  const secrets = buildSecrets(section, project, env);
  const view = shown(what.plain ? "plain" : "quiet", false, prefixed(service.name, write));
  const progress = steps(what.tell);
  const result = await follow(builtLines(client, { options, context, outputs: [], secrets }, view.show), {
    show(line) {
      progress(line);
      view.show(line);
    },
    text: (text) => (what.plain ? write(text) : undefined),
  });
  view.end();
  if (result.error === undefined) return result.id;
  // What is told already is not told again.
  throw new Error(result.isTold ? "its image could not be built" : result.error);
}

async function contextIn(section: NonNullable<Service["build"]>): Promise<BuildContext> {
  const { context, dockerfile_inline: text } = section;
  if (text === undefined) return contextOf(context, dockerfileOf(section));
  const inline = { name: "Dockerfile", text, ignore: null };
  return /^[a-z]+:\/\/|^git@/.test(context)
    ? { kind: "url", url: context, dockerfile: inline }
    : { kind: "folder", path: context, dockerfile: inline };
}

/** `2 of 5: [build 2/5] RUN make`, of what began last. */
function steps(tell: Tell): (line: BuildLine) => void {
  let total = 0;
  let done = 0;
  const running = new Map<number, string>();
  return (line) => {
    if (line.type === "graph") total = line.steps.filter(({ kind }) => kind !== "settings").length;
    else if (line.type === "started") running.set(line.step, titleOf(line));
    else if (line.type === "ended") {
      running.delete(line.step);
      done++;
    } else return;
    const last = [...running.values()].at(-1);
    if (last !== undefined) tell(total === 0 ? last : `${Math.min(done + 1, total)} of ${total}: ${last}`);
  };
}

/** Whose lines they are stands before them. */
function prefixed(name: string, write: (text: string) => void): (text: string) => void {
  return (text) => (text === "" ? undefined : write(text.replace(/^(?=.)/gm, `[${name}] `)));
}
