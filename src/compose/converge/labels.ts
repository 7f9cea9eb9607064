/** Labels and names as compose v2 has them, so that both can manage the same project. */
import manifest from "../../../package.json" with { type: "json" };
import type { Project, Service, Texts } from "../model/project.ts";

export const label = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  number: "com.docker.compose.container-number",
  oneOff: "com.docker.compose.oneoff",
  hash: "com.docker.compose.config-hash",
  image: "com.docker.compose.image",
  dependsOn: "com.docker.compose.depends_on",
  replaces: "com.docker.compose.replace",
  version: "com.docker.compose.version",
  workingDir: "com.docker.compose.project.working_dir",
  files: "com.docker.compose.project.config_files",
  envFiles: "com.docker.compose.project.environment_file",
  network: "com.docker.compose.network",
  volume: "com.docker.compose.volume",
  slug: "com.docker.compose.slug",
} as const;

/** Labels with this beginning are ours to give. */
export const RESERVED = "com.docker.compose.";

/** Of everything that belongs to a project. */
export const projectLabels = (project: Project): Texts => ({
  [label.project]: project.name,
  [label.version]: manifest.version,
});

export function containerLabels(
  project: Project,
  service: Service,
  own: { readonly number: number; readonly oneOff: boolean; readonly hash: string; readonly image: string },
): Texts {
  const depends = Object.entries(service.depends_on ?? {}).map(
    ([name, { condition, restart = false }]) => `${name}:${condition}:${restart}`,
  );
  const envFiles = project.envFiles ?? [];
  return {
    ...service.labels,
    ...projectLabels(project),
    [label.service]: service.name,
    [label.oneOff]: own.oneOff ? "True" : "False",
    [label.hash]: own.hash,
    [label.image]: own.image,
    [label.dependsOn]: depends.sort().join(","),
    [label.workingDir]: project.workingDir,
    [label.files]: project.files.join(","),
    ...(own.number > 0 ? { [label.number]: String(own.number) } : {}),
    ...(envFiles.length > 0 ? { [label.envFiles]: envFiles.join(",") } : {}),
  };
}

/** The reverse of what `containerLabels` writes: names, and whether they are restarted with it. */
export function dependencies(text: string | undefined): Readonly<Record<string, boolean>> {
  const parts = (text ?? "").split(",").filter((part) => part !== "");
  return Object.fromEntries(
    parts.map((part) => {
      const [name = "", , restart] = part.split(":");
      return [name, restart === "true"];
    }),
  );
}

export const containerName = (project: Project, service: Service, number: number): string =>
  service.container_name ?? `${project.name}-${service.name}-${number}`;

/** The name of one that is made, or stays, while another one has its name: with a part of an id before it. */
export function meanwhileName(id: string, name: string, isTaken: (name: string) => boolean): string {
  const names = [0, 12, 24, 36, 48].map((at) => `${id.slice(at, at + 12)}_${name}`);
  return names.find((each) => !isTaken(each)) ?? `${id}_${name}`;
}

/** The image that a service's containers are of; one that is built and not named has the project's and its own name. */
export const imageName = (project: Project, service: Service): string =>
  service.image ?? `${project.name}-${service.name}`;
