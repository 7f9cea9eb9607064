import type { Loaded } from "../file/load.ts";
import { type Mapping, member, type Node } from "../file/node.ts";
import { check } from "./check.ts";
import { fileVariables, serviceLabels, withCallers } from "./environment.ts";
import { withImplicit } from "./implicit.ts";
import { type At, inside, type Kind, refuse } from "./kind.ts";
import { checkNeeds, type Needs } from "./needs.ts";
import { config, model, network, secret, volume } from "./object.ts";
import { selected } from "./order.ts";
import { placesOf } from "./place.ts";
import { activeProfiles, isOn } from "./profile.ts";
import type { Build, FileObject, Model, Network, Project, Service, Volume } from "./project.ts";
import { extensionsOf } from "./record.ts";
import { service as serviceKind } from "./service.ts";
import { usedOf } from "./used.ts";
import { notActedOn } from "./warn.ts";

/** What `config` may leave out; all is done unless this says no. */
export interface Reading {
  /** What the file leaves to be understood: the default network, names, dependencies that follow from something else. */
  readonly normalize?: boolean;
  /** Whether what refers to something finds it. */
  readonly consistency?: boolean;
  /** That relative paths become absolute. */
  readonly paths?: boolean;
  /** That `env_file`s are read. */
  readonly environment?: boolean;
  /** The chosen services are about to be made: what they need of this machine is looked for. */
  readonly needs?: Needs;
}

/**
 * What a file asks for. Errors: COMPOSE_INVALID, with the place of what cannot be; COMPOSE_NOT_FOUND.
 * @param chosen services that the command line names: their profiles are on (15-profiles.md)
 */
export function projectOf(loaded: Loaded, chosen: readonly string[] = [], reading: Reading = {}): Project {
  const warnings = new Set(loaded.warnings);
  const at: At = {
    path: "",
    workingDir: loaded.workingDir,
    home: loaded.env["HOME"],
    absolute: reading.paths ?? true,
    warn: (text) => warnings.add(text),
  };
  const all = servicesOf(loaded.root, at);
  const profiles = activeProfiles(all, loaded.profiles, chosen);
  const [services, disabled] = [new Map<string, Service>(), new Map<string, Service>()];
  for (const [name, service] of all)
    if (isOn(service, profiles)) services.set(name, withFiles(service, loaded, at, reading));
    else disabled.set(name, service);
  const extensions = extensionsOf(loaded.root);
  const named = reading.normalize === false ? undefined : loaded.name;
  const written: Project = {
    name: loaded.name,
    workingDir: loaded.workingDir,
    files: loaded.files,
    profiles,
    services,
    disabled,
    networks: objectsOf<Network>(loaded.root, "networks", network, at, named),
    volumes: objectsOf<Volume>(loaded.root, "volumes", volume, at, named),
    secrets: objectsOf<FileObject>(loaded.root, "secrets", secret, at, named),
    configs: objectsOf<FileObject>(loaded.root, "configs", config, at, named),
    models: membersOf<Model>(loaded.root, "models", model, at),
    ...(extensions === undefined ? {} : { extensions }),
    warnings: [],
  };
  const whole = reading.normalize === false ? written : withImplicit(written);
  if (reading.consistency !== false) check(whole, placesOf(loaded.root));
  for (const line of notActedOn(whole)) warnings.add(line);
  if (reading.needs !== undefined)
    checkNeeds(usedOf(selected(whole, chosen)), placesOf(loaded.root), loaded.env, reading.needs);
  return { ...usedOf(whole), warnings: [...warnings] };
}

function servicesOf(root: Mapping, at: At): ReadonlyMap<string, Service> {
  return membersOf<Service>(root, "services", { ...serviceKind, read: readService }, at);
}

function readService(node: Node, at: At): Service {
  const name = at.path.slice("services.".length);
  const read: Partial<Service> = serviceKind.read(node, at);
  return { name, command: null, entrypoint: null, environment: {}, ...read };
}

/** Of a service that is on: files of others need not be there. */
function withFiles(
  service: Service,
  { root, env }: Loaded,
  at: At,
  { environment = true }: Reading,
): Service {
  const node = member(member(root, "services"), service.name);
  if (node === undefined) return service;
  const here = inside(inside(at, "services"), service.name);
  const labels = serviceLabels(node, service.labels ?? {}, env, here);
  const { env_file: files, build, ...rest } = service;
  return {
    ...rest,
    ...(environment || files === undefined ? {} : { env_file: files }),
    environment: withCallers(
      { ...(environment ? fileVariables(files ?? [], node, env, here) : {}), ...service.environment },
      env,
    ),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(build === undefined ? {} : { build: withArgs(build, env) }),
  };
}

/** What nobody has given a value is no argument. */
function withArgs(build: Build, env: Loaded["env"]): Build {
  if (build.args === undefined) return build;
  const args = Object.entries(withCallers(build.args, env)).filter(([, value]) => value !== null);
  return { ...build, args: Object.fromEntries(args) };
}

function membersOf<T>(root: Mapping, key: string, kind: Kind<T>, at: At): ReadonlyMap<string, T> {
  const node = member(root, key);
  if (node === undefined || (node.kind === "scalar" && node.value === null)) return new Map();
  const where = inside(at, key);
  if (node.kind !== "mapping") return refuse(where, node.place, "it is not a mapping");
  return new Map([...node.entries].map(([name, { value }]) => [name, kind.read(value, inside(where, name))]));
}

/** @param project whose name stands before a key; undefined: names are left as they are */
function objectsOf<T extends { readonly name: string; readonly external: boolean }>(
  root: Mapping,
  key: string,
  kind: Kind<T>,
  at: At,
  project: string | undefined,
): ReadonlyMap<string, T> {
  const read = membersOf(root, key, kind, at);
  if (project === undefined) return read;
  return new Map(
    [...read].map(([name, object]) => [
      name,
      { ...object, name: object.name ?? (object.external ? name : `${project}_${name}`) },
    ]),
  );
}
