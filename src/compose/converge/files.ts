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
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** What a service's containers get. COMPOSE_INVALID: one that is external, as an engine without a swarm keeps none. */
export function uses(project: Project, service: Service): readonly Use[] {
  return [
    ...(service.secrets ?? []).map((each) =>
      use(
        "secret",
        each,
        project.secrets.get(each.source),
        posix.resolve("/run/secrets", each.target ?? each.source),
      ),
    ),
    ...(service.configs ?? []).map((each) =>
      use("config", each, project.configs.get(each.source), posix.resolve("/", each.target ?? each.source)),
    ),
  ];
}

function use(kind: Use["kind"], asked: FileUse, object: FileObject | undefined, target: string): Use {
  if (object === undefined || object.external)
    throw new InroError("COMPOSE_EXTERNAL", {
      what: `cannot give the ${kind} "${asked.source}" to a container`,
      why:
        object === undefined
          ? "the project has none of this name"
          : "it is external, and this engine keeps none",
      hint: "say `file:`, `environment:` or `content:` of it",
    });
  const { uid, gid, mode } = asked;
  // A bound file has its own owner and mode, and changes with it; a copy has those that were asked for.
  const plain = uid === undefined && gid === undefined && mode === undefined;
  return {
    kind,
    key: asked.source,
    object,
    target,
    ...(object.file !== undefined && plain ? { bind: object.file } : {}),
    uid: Number(uid ?? 0),
    gid: Number(gid ?? 0),
    // 05-services.md, "secrets": the writable bit is ignored.
    mode: (mode ?? 0o444) & 0o7555,
  };
}

/** Those that are copied. */
export const copies = (project: Project, service: Service): readonly Use[] =>
  uses(project, service).filter(({ bind }) => bind === undefined);
