import { InroError } from "../../oci/error.ts";
import type { Core } from "../core.ts";
import type { Entry } from "../entry.ts";
import type { ContainerOptions } from "../options.ts";
import { named } from "../shelf.ts";
import type { Joined } from "../spec/spec.ts";

/** What messages call them, dockerd's among them. */
const names = { network: "network", pid: "PID", ipc: "IPC" } as const;

/** Containers whose namespaces are to be joined. */
function asked({ network, pidMode, ipcMode }: ContainerOptions): Partial<Record<keyof Joined, string>> {
  return {
    ...(network.kind === "container" && { network: network.container }),
    ...(typeof pidMode === "object" && { pid: pidMode.container }),
    ...(typeof ipcMode === "object" && { ipc: ipcMode.container }),
  };
}

/** Every container whose namespace is to be joined by its id. INVALID_OPTION where there is none, or it is not to be shared. */
export function settleNamespaces(core: Core, options: ContainerOptions): ContainerOptions {
  const { network, pid, ipc } = asked(options);
  const find = (container: string, of: keyof Joined) => {
    const other = named(`--${of}`, () => core.shelf.find(container));
    if (of === "ipc") checkShareable(other);
    return { container: other.id };
  };
  return {
    ...options,
    ...(network !== undefined && { network: { kind: "container", ...find(network, "network") } }),
    ...(pid !== undefined && { pidMode: find(pid, "pid") }),
    ...(ipc !== undefined && { ipcMode: find(ipc, "ipc") }),
  };
}

/** Docker's rule, since a program does not expect others in its shared memory. */
function checkShareable(other: Entry): void {
  const mode = other.origin.options.ipcMode;
  if (mode !== "private" && mode !== "none") return;
  throw new InroError("INVALID_OPTION", {
    what: `cannot share the IPC of the container "${other.name}"`,
    why: "non-shareable IPC (hint: use IpcMode:shareable for the donor container)",
    hint: "create that one with --ipc shareable",
    at: "--ipc",
  });
}

/** The processes whose namespaces a start joins. NOT_RUNNING, INVALID_OPTION */
export function joinedBy(core: Core, options: ContainerOptions): Joined {
  const { network, pid, ipc } = asked(options);
  const of = (container: string | undefined, type: keyof Joined) =>
    container === undefined ? null : donor(core, container, type).pid;
  if (ipc !== undefined) checkShareable(core.shelf.find(ipc));
  return { network: of(network, "network"), pid: of(pid, "pid"), ipc: of(ipc, "ipc") };
}

/** The container that shares a namespace. NOT_RUNNING */
export function donor(
  core: Core,
  container: string,
  type: keyof Joined,
): { readonly id: string; readonly pid: number } {
  const other = core.shelf.find(container);
  if (other.live !== null) return { id: other.id, pid: other.live.pid };
  throw new InroError("NOT_RUNNING", {
    what: `cannot share the ${names[type]} of the container "${other.name}"`,
    why: `cannot join ${names[type]} of a non running container: ${other.id}`,
    hint: "start that one first",
    at: `--${type}`,
  });
}
