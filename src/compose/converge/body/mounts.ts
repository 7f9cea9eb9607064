import type { Mount, Project, Service } from "../../model/project.ts";
import { uses } from "../files.ts";

/** Where containers that use the engine's API look for it. */
const SOCKET = "/var/run/docker.sock";

/** HostConfig's Binds and Mounts. `inherits`: volumes without a name that are there, by target. */
export function mounts(
  project: Project,
  service: Service,
  inherits: Readonly<Record<string, string>>,
  socket: string | undefined,
): Record<string, unknown> {
  const { volumes = [] } = service;
  const own = volumes.filter((each) => !isBindLine(each)).map((each) => entry(project, each, inherits));
  const named = new Set(volumes.map(({ target }) => target));
  // Those of the image, which the file does not mention.
  const others = Object.entries(inherits).filter(([target]) => !named.has(target));
  const bound = uses(project, service).flatMap(({ target, bind }) =>
    bind === undefined ? [] : [{ Type: "bind", Source: bind, Target: target, ReadOnly: true }],
  );
  return {
    Binds: volumes.filter(isBindLine).map(bindLine),
    Mounts: [
      ...own,
      ...others.map(([target, source]) => ({ Type: "volume", Source: source, Target: target })),
      ...bound,
      ...(service.use_api_socket === true && socket !== undefined
        ? [{ Type: "bind", Source: socket, Target: SOCKET }]
        : []),
    ],
  };
}

type Bind = Mount & { readonly type: "bind" };

/** A folder that is made where it is missing: the older of the API's two ways does that on every engine. */
function isBindLine(mount: Mount): mount is Bind {
  if (mount.type !== "bind") return false;
  const { create_host_path: create = true, recursive } = mount.bind ?? {};
  return (
    (create || mount.bind?.selinux !== undefined) && recursive === undefined && !mount.source.includes(":")
  );
}

function bindLine({ source, target, read_only: readOnly = false, bind }: Bind): string {
  const modes = [readOnly ? "ro" : "rw", bind?.selinux, bind?.propagation].filter(
    (mode) => mode !== undefined,
  );
  return `${source}:${target}:${modes.join(",")}`;
}

/** 05-services.md, "volumes": `bind.recursive`. */
const RECURSION: Readonly<Record<string, Record<string, boolean>>> = {
  enabled: {},
  disabled: { NonRecursive: true },
  writable: { ReadOnlyNonRecursive: true },
  readonly: { ReadOnlyForceRecursive: true },
};

function entry(project: Project, mount: Mount, inherits: Readonly<Record<string, string>>): unknown {
  const common = {
    Type: mount.type,
    Target: mount.target,
    ...(mount.read_only === true ? { ReadOnly: true } : {}),
    ...(mount.consistency === undefined ? {} : { Consistency: mount.consistency }),
  };
  if (mount.type === "bind") {
    const { propagation, recursive = "enabled", create_host_path: create = true } = mount.bind ?? {};
    const options = {
      ...(propagation === undefined ? {} : { Propagation: propagation }),
      ...RECURSION[recursive],
      ...(create ? { CreateMountpoint: true } : {}),
    };
    return { ...common, Source: mount.source, ...some("BindOptions", options) };
  }
  if (mount.type === "volume") {
    const { labels, nocopy, subpath } = mount.volume ?? {};
    const options = {
      ...(nocopy === true ? { NoCopy: true } : {}),
      ...(subpath === undefined ? {} : { Subpath: subpath }),
      ...(labels === undefined ? {} : { Labels: labels }),
    };
    const source =
      mount.source === undefined
        ? inherits[mount.target]
        : (project.volumes.get(mount.source)?.name ?? mount.source);
    return {
      ...common,
      ...(source === undefined ? {} : { Source: source }),
      ...some("VolumeOptions", options),
    };
  }
  if (mount.type === "tmpfs") {
    const { size, mode } = mount.tmpfs ?? {};
    const options = {
      ...(size === undefined ? {} : { SizeBytes: size }),
      ...(mode === undefined ? {} : { Mode: mode }),
    };
    return { ...common, ...some("TmpfsOptions", options) };
  }
  if (mount.type === "image") {
    const { subpath } = mount.image ?? {};
    return {
      ...common,
      Source: mount.source,
      ...some("ImageOptions", subpath === undefined ? {} : { Subpath: subpath }),
    };
  }
  return { ...common, ...(mount.source === undefined ? {} : { Source: mount.source }) };
}

const some = (name: string, options: Readonly<Record<string, unknown>>) =>
  Object.keys(options).length === 0 ? {} : { [name]: options };
