/** What `config` prints. */
import { imageName } from "../../compose/converge/labels.ts";
import { toJson } from "../../compose/file/json.ts";
import { canonicalText, documentText } from "../../compose/model/canonical.ts";
import { docOf } from "../../compose/model/doc.ts";
import { configHash } from "../../compose/model/hash.ts";
import { projectOf } from "../../compose/model/of.ts";
import { selected, startOrder } from "../../compose/model/order.ts";
import type { Project, Service } from "../../compose/model/project.ts";
import { table } from "../print/table.ts";
import { printWarning } from "../print-error.ts";
import { err } from "../terminal/output.ts";
import { type App, refuseUnknown } from "./app.ts";
import { digestsOf } from "./images/digests.ts";
import { variablesIn } from "./variables.ts";

export interface ConfigAsked {
  readonly format: "yaml" | "json";
  readonly services: boolean;
  readonly volumes: boolean;
  readonly networks: boolean;
  readonly images: boolean;
  readonly profiles: boolean;
  readonly models: boolean;
  readonly hash: string | undefined;
  readonly variables: boolean;
  readonly environment: boolean;
  readonly "no-interpolate": boolean;
  readonly "no-normalize": boolean;
  readonly "no-consistency": boolean;
  readonly "no-path-resolution": boolean;
  readonly "no-env-resolution": boolean;
  readonly "resolve-image-digests": boolean;
  readonly "lock-image-digests": boolean;
}

export async function configText(app: App, names: readonly string[], asked: ConfigAsked): Promise<string> {
  const { format } = asked;
  if (asked.variables) return variablesTable(toJson((await app.loaded({ interpolate: false })).root));
  if (asked.environment) {
    const { env } = await app.loaded();
    return lines(
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  }
  if (asked["no-interpolate"]) {
    const { root, name } = await app.loaded({ interpolate: false });
    const written = { name, ...(toJson(root) as object) };
    return documentText(docOf(written, format), { format, escaped: false });
  }
  const loaded = await app.loaded();
  const reading = { normalize: !asked["no-normalize"], consistency: !asked["no-consistency"] };
  const whole = projectOf(loaded, names, reading);
  for (const warning of whole.warnings) err(printWarning(new Error(warning)));
  const known = new Set([...whole.services.keys(), ...whole.disabled.keys()]);
  for (const name of names) refuseUnknown(name, known);
  if (asked.profiles) return lines(profilesOf(whole));
  if (asked.hash !== undefined) return hashes(whole, asked.hash);
  const project = selected(whole, names);
  const list = listOf(project, asked);
  if (list !== undefined) return lines(list);
  if (asked["lock-image-digests"]) {
    const digests = await digestsOf(app, project);
    const services = Object.fromEntries([...digests].map(([name, image]) => [name, { image }]));
    return documentText(docOf({ services }, format), { format, escaped: true });
  }
  return canonicalText(asked["resolve-image-digests"] ? await pinned(app, project) : project, {
    ...{ format, escaped: true },
  });
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join("");

/** One list at a time, the first that is asked for. */
function listOf(project: Project, asked: ConfigAsked): readonly string[] | undefined {
  if (asked.services) return startOrder(project.services);
  if (asked.volumes) return [...project.volumes.keys()];
  if (asked.networks) return [...project.networks.keys()];
  if (asked.models) return [...project.models.values()].map(({ model }) => model);
  if (asked.images)
    return [...project.services.values()].map((service: Service) => imageName(project, service));
  return undefined;
}

function profilesOf({ services, disabled }: Project): readonly string[] {
  const all = [...services.values(), ...disabled.values()].flatMap(({ profiles = [] }) => profiles);
  return [...new Set(all)].sort();
}

function hashes(project: Project, wanted: string): string {
  const known = new Set(project.services.keys());
  const names = wanted === "*" ? [...known].sort() : wanted.split(",");
  return lines(
    names.map((name) => {
      refuseUnknown(name, known);
      return `${name} ${configHash(project.services.get(name) as Service)}`;
    }),
  );
}

async function pinned(app: App, project: Project): Promise<Project> {
  const digests = await digestsOf(app, project);
  const services = [...project.services].map(([name, service]) => {
    const image = digests.get(name);
    return [name, image === undefined ? service : { ...service, image }] as const;
  });
  return { ...project, services: new Map(services) };
}

function variablesTable(root: unknown): string {
  const rows = variablesIn(root).map(({ name, required, fallback, alternative }) => [
    name,
    String(required),
    fallback,
    alternative,
  ]);
  return table([["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"], ...rows]);
}
