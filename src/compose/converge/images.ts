/** Which images are brought before containers are looked at. */
import { parseDuration } from "../../oci/duration.ts";
import { InroError } from "../../oci/error.ts";
import type { Project, Service } from "../model/project.ts";
import type { Actual } from "./actual.ts";
import { draft } from "./draft.ts";
import { imageName } from "./labels.ts";
import { select } from "./select.ts";
import type { Step } from "./step.ts";

export interface ImageOptions {
  readonly services: readonly string[];
  readonly dependencies: boolean;
  /** `--pull`: for services that have no policy of their own; undefined: by what they say. */
  readonly pull?: string;
  /** `--build`, `--no-build`. */
  readonly build: "missing" | "always" | "never";
}

/**
 * `now`: milliseconds since 1970. COMPOSE_IMAGE_MISSING: one that nobody may bring. COMPOSE_INVALID: a pull policy that
 * there is not.
 */
export function imageSteps(
  project: Project,
  actual: Actual,
  options: ImageOptions,
  now: number,
): readonly Step[] {
  const drafted = draft();
  const selected = select(project, options.services, { dependencies: options.dependencies });
  // One that builds an image does it for all that use it.
  const builders = new Map(
    [...project.services.values()]
      .filter(({ build }) => build !== undefined)
      .map((service) => [imageName(project, service), service]),
  );
  const build = (service: Service, why: string): string => {
    const id = `build ${service.name}`;
    if (drafted.has(id)) return id;
    const bases = Object.values(service.build?.additional_contexts ?? {}).flatMap((context) => {
      const base = project.services.get(/^service:(.+)$/.exec(context)?.[1] ?? "");
      return base?.build === undefined ? [] : [base];
    });
    drafted.add({ kind: "build", service: service.name, image: imageName(project, service) }, why);
    drafted.follow(
      id,
      bases.map((base) => build(base, `"${service.name}" is built on it`)),
    );
    return id;
  };
  const pulled = new Set<string>();
  for (const service of selected) {
    if (service.provider !== undefined) continue;
    const image = imageName(project, service);
    const there = actual.images.get(image);
    const builder = builders.get(image);
    const policy = policyOf(service, options);
    if (builder !== undefined && options.build !== "never") {
      if (options.build === "always" && service.build !== undefined) build(service, "--build");
      else if (policy === "build" && service.build !== undefined) build(service, "its pull policy says so");
      else if (there === undefined && policy !== "always") build(builder, "its image is not there");
      if (drafted.has(`build ${builder.name}`)) continue;
    }
    const why = pullReason(policy, there, now);
    if (why === undefined) {
      if (there === undefined) throw missing(service, image, policy);
      continue;
    }
    if (pulled.has(image)) continue;
    pulled.add(image);
    drafted.add({ kind: "pull", service: service.name, image }, why);
  }
  return drafted.steps();
}

const policyOf = (service: Service, { pull }: ImageOptions): string => {
  const policy = service.pull_policy ?? pull ?? "missing";
  return policy === "if_not_present" ? "missing" : policy;
};

function missing(service: Service, image: string, policy: string): InroError {
  return new InroError("COMPOSE_IMAGE_MISSING", {
    what: `cannot make containers of the service "${service.name}"`,
    why: `the image "${image}" is not here, and ${service.build === undefined ? `the pull policy "${policy}" keeps it from being pulled` : "it may not be built"}`,
    hint: service.build === undefined ? `inro pull ${image}` : `inro compose build ${service.name}`,
  });
}

const DAY = 86_400_000;

const INTERVALS: Readonly<Record<string, number>> = { daily: DAY, weekly: 7 * DAY };

/** Why an image is pulled; undefined: it is not. */
function pullReason(
  policy: string,
  there: { readonly taggedAt?: number } | undefined,
  now: number,
): string | undefined {
  if (policy === "always") return "its pull policy says so";
  if (policy === "never" || policy === "build") return undefined;
  const interval = INTERVALS[policy] ?? everyOf(policy);
  if (policy !== "missing" && interval === undefined)
    throw new InroError("COMPOSE_INVALID", {
      what: `cannot use "${policy}" as a pull policy`,
      why: "it is none of always, never, missing, build, daily, weekly and every_<duration>",
    });
  if (there === undefined) return "its image is not there";
  if (interval === undefined) return undefined;
  return there.taggedAt === undefined || now - there.taggedAt >= interval
    ? "it was pulled too long ago"
    : undefined;
}

/** `every_2w3d12h`: milliseconds. */
function everyOf(policy: string): number | undefined {
  const [, weeks = "0", days = "0", rest = ""] = /^every_(?=.)(?:(\d+)w)?(?:(\d+)d)?(.*)$/.exec(policy) ?? [];
  if (!policy.startsWith("every_")) return undefined;
  const more = rest === "" ? 0 : parseDuration(rest);
  const sum = more === undefined ? undefined : (Number(weeks) * 7 + Number(days)) * DAY + more / 1e6;
  return sum === undefined || sum <= 0 ? undefined : sum;
}
