import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { PortProtocol } from "../oci/port.ts";

const LISTENING = "0A";
/** UDP's unconnected sockets have the state TCP calls closed. */
const UNCONNECTED = "07";

/** The process of this host that listens on a port, as `python3 (pid 812)`; undefined when it cannot be seen. */
export function portHolder(protocol: PortProtocol, port: number): string | undefined {
  const inodes = new Set(
    protocol === "sctp"
      ? endpointsOf(port)
      : [protocol, `${protocol}6`].flatMap((table) => listenersOf(table, protocol, port)),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (holdsOne(pid, inodes)) return `${commandOf(pid)} (pid ${pid})`;
  }
  return undefined;
}

/** proc(5), /proc/net/tcp: `sl local_address rem_address st … inode`, numbers in hexadecimal. */
function listenersOf(table: string, protocol: "tcp" | "udp", port: number): string[] {
  const wanted = protocol === "tcp" ? LISTENING : UNCONNECTED;
  return linesOf(`/proc/net/${table}`).flatMap((line) => {
    const [, local = "", , state, , , , , , inode = "0"] = line.trim().split(/\s+/);
    const localPort = Number.parseInt(local.split(":")[1] ?? "", 16);
    return state === wanted && localPort === port ? [`socket:[${inode}]`] : [];
  });
}

/** net/sctp/proc.c: `ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS`, numbers in decimal. */
function endpointsOf(port: number): string[] {
  return linesOf("/proc/net/sctp/eps").flatMap((line) => {
    const [, , , , , local, , inode = "0"] = line.trim().split(/\s+/);
    return Number(local) === port ? [`socket:[${inode}]`] : [];
  });
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").slice(1);
  } catch {
    return [];
  }
}

/** A process may end, or close a descriptor, while we look: then it is not the holder. */
function holdsOne(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((name) => inodes.has(linkOf(`${folder}/${name}`)));
  } catch {
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "a process";
  }
}
