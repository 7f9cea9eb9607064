/**
 * What a file leaves to be understood (05-services.md): the default network, dependencies that follow from others, the
 * Dockerfile's name.
 */
import type { Build, Dependency, Project, Service } from "./project.ts";

const DEFAULT = "default";

export function withImplicit(project: Project): Project {
  const services = new Map([...project.services].map(([name, service]) => [name, complete(service)]));
  const disabled = new Map([...project.disabled].map(([name, service]) => [name, complete(service)]));
  const networks = project.networks.has(DEFAULT)
    ? project.networks
    : new Map(project.networks).set(DEFAULT, { name: `${project.name}_${DEFAULT}`, external: false });
  return { ...project, services, disabled, networks };
}

function complete(service: Service): Service {
  const dependencies = { ...implied(service), ...service.depends_on };
  const isAlone = service.network_mode !== undefined || service.provider !== undefined;
  const networks = Object.keys(service.networks ?? {}).length > 0 ? service.networks : { [DEFAULT]: null };
  return {
    ...service,
    ...(Object.keys(dependencies).length > 0 ? { depends_on: dependencies } : {}),
    ...(isAlone || networks === undefined ? {} : { networks }),
    ...(service.build === undefined ? {} : { build: named(service.build) }),
  };
}

const named = (build: Build): Build =>
  build.dockerfile_inline === undefined ? { ...build, dockerfile: build.dockerfile ?? "Dockerfile" } : build;

/** The services of which a service makes use without saying that it depends on them. */
function implied(service: Service): Readonly<Record<string, Dependency>> {
  const started = { condition: "service_started", required: true } as const;
  const restarted = { ...started, restart: true };
  const from = (service.volumes_from ?? []).filter((one) => !one.startsWith("container:"));
  const first = (text: string) => text.split(":")[0] ?? "";
  return Object.fromEntries([
    ...from.map((one) => [first(one), started] as const),
    ...(service.links ?? []).map((link) => [first(link), restarted] as const),
    ...sharing(service).map((shared) => [shared.service, restarted] as const),
  ]);
}

/** The services whose namespaces it is in, by which member says so. */
export function sharing(
  service: Service,
): readonly { readonly by: "network_mode" | "pid" | "ipc" | "uts" | "cgroup"; readonly service: string }[] {
  return (["network_mode", "pid", "ipc", "uts", "cgroup"] as const).flatMap((by) => {
    const mode = service[by];
    return mode?.startsWith("service:") === true ? [{ by, service: mode.slice("service:".length) }] : [];
  });
}
