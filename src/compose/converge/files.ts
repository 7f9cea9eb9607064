/** Secrets and configurations as files in containers. */
import { posix } from "node:path";
import { InroError } from "../../oci/error.ts";
import type { FileObject, FileUse, Project, Service } from "../model/project.ts";

export interface Use {
  readonly kind: "secret" | "config";
  /** Its key in the project. */
  readonly key: string;
  readonly object: FileObject;
  /** Absolute, in the container. */
  readonly target: string;
  /** A file of the host that is bound there; undefined: it is copied into the container before its first start. */
  readonly bind?: string;
  /** Undefined: the container's user. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly mode: number;
}

const FOLDERS = { secret: "/run/secrets", config: "/" } as const;

/**
 * What a service's containers get. COMPOSE_EXTERNAL: one that is external, as an engine without a swarm keeps none.
 * COMPOSE_FILE_HIDDEN.
 */
export function uses(project: Project, service: Service): readonly Use[] {
  const { secrets = [], configs = [] } = service;
  return [
    ...secrets.map((each) => use("secret", each, project.secrets.get(each.source), service)),
    ...configs.map((each) => use("config", each, project.configs.get(each.source), service)),
  ];
}

function use(kind: Use["kind"], asked: FileUse, object: FileObject | undefined, service: Service): Use {
  const what = `cannot give the ${kind} "${asked.source}" to the service "${service.name}"`;
  if (object === undefined || object.external)
    throw new InroError("COMPOSE_EXTERNAL", {
      what,
      why:
        object === undefined
          ? "the project has none of this name"
          : "it is external, and this engine keeps none",
      hint: kind === "secret" ? "say `file:` or `environment:` of it" : "say `file:` or `content:` of it",
    });
  const { uid, gid, mode } = asked;
  const target = posix.resolve(FOLDERS[kind], asked.target ?? asked.source);
  const cover = coverOf(service, target, kind);
  // A bound file has its own owner and mode, and changes with it; a copy has those that were asked for.
  const isPlain = uid === undefined && gid === undefined && mode === undefined;
  const bind = object.file !== undefined && (isPlain || cover !== undefined) ? object.file : undefined;
  if (cover !== undefined && bind === undefined)
    throw new InroError("COMPOSE_FILE_HIDDEN", {
      what,
      why: `what is mounted at "${cover}" would hide it, or keep it`,
      hint: "say another target, or give it as `file:`",
    });
  return {
    kind,
    key: asked.source,
    object,
    target,
    ...(bind === undefined ? {} : { bind }),
    ...(uid === undefined && gid === undefined
      ? {}
      : { owner: { uid: Number(uid ?? 0), gid: Number(gid ?? 0) } }),
    // 05-services.md, "secrets": the writable bit is ignored.
    mode: (mode ?? 0o444) & 0o7555,
  };
}

/**
 * What is mounted over a place: a tmpfs is empty when the container starts, and a secret has no business in a volume.
 */
function coverOf(
  { volumes = [], tmpfs = [] }: Service,
  target: string,
  kind: Use["kind"],
): string | undefined {
  const mounts = volumes.filter(({ type }) => kind === "secret" || type === "tmpfs");
  const covers = [...mounts.map((mount) => mount.target), ...tmpfs.map((entry) => entry.split(":")[0] ?? "")];
  return covers.find((path) => target === path || target.startsWith(`${path.replace(/\/+$/, "")}/`));
}

/** Those that are copied. */
export const copies = (project: Project, service: Service): readonly Use[] =>
  uses(project, service).filter(({ bind }) => bind === undefined);
