/** A project in the one form that all of its ways to be written have: what `config` prints. */
import { type Doc, docOf, type Form, jsonOf, keyOrder, sorted } from "./doc.ts";
import type { Kind } from "./kind.ts";
import { config, model, network, secret, volume } from "./object.ts";
import type { Project, Service } from "./project.ts";
import { service as serviceKind } from "./service.ts";
import { yamlOf } from "./yaml.ts";

/** Members in the order of docker compose v2 2.26, with newer ones of the specification among them. */
export function canonical(project: Project, form: "yaml" | "json"): ReadonlyMap<string, Doc> {
  const parts: readonly (readonly [string, Doc])[] = [
    ["services", printed<Omit<Service, "name">>(withoutAbsent(project.services), serviceKind, form)],
    ["networks", printed(project.networks, network, form)],
    ["volumes", printed(project.volumes, volume, form)],
    ["secrets", printed(project.secrets, secret, form)],
    ["configs", printed(project.configs, config, form)],
    ["models", printed(project.models, model, form)],
  ];
  const said = parts.filter(([key, doc]) => key === "services" || (doc as ReadonlyMap<string, Doc>).size > 0);
  const extensions = [
    ...sorted(
      Object.entries(project.extensions ?? {}).map(([key, value]) => [key, docOf(value, form)] as const),
      form,
    ),
  ];
  const all: readonly (readonly [string, Doc])[] = [["name", project.name], ...said, ...extensions];
  return new Map(form === "yaml" ? all : all.toSorted(([a], [b]) => keyOrder.json(a, b)));
}

/** What is off may be depended on and is not printed: read again, it would not be there. */
function withoutAbsent(services: ReadonlyMap<string, Service>): ReadonlyMap<string, Service> {
  return new Map(
    [...services].map(([name, service]) => {
      if (service.depends_on === undefined) return [name, service];
      const there = Object.entries(service.depends_on).filter(
        ([other, { required }]) => required || services.has(other),
      );
      return [name, { ...service, depends_on: Object.fromEntries(there) }];
    }),
  );
}

function printed<T>(parts: ReadonlyMap<string, T>, kind: Kind<T>, form: Form): Doc {
  return sorted(
    [...parts].map(([name, part]) => [name, kind.print(part, form)] as const),
    form,
  );
}

export interface Printing {
  readonly format: "yaml" | "json";
  /** A `$` is doubled, so that what is printed can be read again as it is. Not where variables were left alone. */
  readonly escaped: boolean;
}

/** What `config` writes. */
export function canonicalText(project: Project, { format, escaped }: Printing): string {
  return documentText(canonical(project, format), { format, escaped });
}

export function documentText(doc: Doc, { format, escaped }: Printing): string {
  const text = format === "yaml" ? yamlOf(doc) : `${jsonOf(doc, 2)}\n`;
  return escaped ? text.replaceAll("$", "$$$$") : text;
}
