/** What steps are done with: this command line's client, its credentials, its way to build. */
import type { Hands, ImageHands } from "../../compose/act/hands.ts";
import { imageName } from "../../compose/converge/labels.ts";
import type { Project } from "../../compose/model/project.ts";
import { printWarning } from "../print-error.ts";
import type { App } from "./app.ts";
import { type BuildAsked, PLAIN_BUILD } from "./images/options.ts";
import type { Mode, Shown } from "./progress/show.ts";

export interface ImageWork {
  readonly build?: BuildAsked;
  /** Pulls and builds without telling how far they are. */
  readonly quiet?: boolean;
  /** A pull or a push that fails is a warning. */
  readonly ignoreFailures?: boolean;
}

export async function handsOf(
  app: App,
  project: Project | undefined,
  view: { readonly above: Shown["above"]; readonly mode: Mode; readonly work: ImageWork },
): Promise<Hands> {
  const env = project === undefined ? process.env : (await app.loaded()).env;
  return {
    ...{ client: app.client, project, env, socket: app.context.place.socket },
    images: imageHands(app, project, { ...view, env }),
  };
}

function imageHands(
  { client }: App,
  project: Project | undefined,
  {
    above,
    mode,
    work,
    env,
  }: {
    above: Shown["above"];
    mode: Mode;
    work: ImageWork;
    env: Readonly<Record<string, string | undefined>>;
  },
): ImageHands {
  const known = (): Project => {
    if (project === undefined) throw new Error("images are of services that a file describes");
    return project;
  };
  const stays = (text: string) => above(text, "stderr");
  const forgiven = async (bring: () => Promise<void>) => {
    try {
      await bring();
    } catch (error) {
      if (work.ignoreFailures !== true) throw error;
      stays(printWarning(error));
    }
  };
  return {
    async pull(service, tell) {
      const { pull } = await import("./images/pull.ts");
      const name = imageName(known(), service);
      await forgiven(() => pull(client, name, service.platform, work.quiet ? () => {} : tell));
    },
    async push(service, tell) {
      const { push } = await import("./images/pull.ts");
      await forgiven(() => push(client, imageName(known(), service), work.quiet ? () => {} : tell));
    },
    async build(service, tell) {
      const { build } = await import("./images/build.ts");
      const imageOf = (name: string) => {
        const other = known().services.get(name);
        if (other === undefined) throw new Error(`there is no service "${name}" to build on`);
        return imageName(known(), other);
      };
      await build(client, {
        ...{ project: known(), service, env, tell, imageOf, image: imageName(known(), service) },
        ...{ asked: work.build ?? PLAIN_BUILD, plain: mode === "plain" && work.quiet !== true, write: stays },
      });
    },
  };
}
