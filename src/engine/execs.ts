import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InroError } from "../oci/error.ts";
import { exitCode, parseExit } from "../oci/exit.ts";
import type { SpecProcess } from "../oci/runtime-spec.ts";
import type { ExecSession, WindowSize } from "../runtime/runtime.ts";
import { type Core, folderOf, tell } from "./core.ts";
import { forgetExec, forgetOldExecs } from "./ended-execs.ts";
import type { ExecDetails, Execs } from "./engine.ts";
import type { Entry } from "./entry.ts";
import { identityIn } from "./life/identity.ts";
import { hostnameOf } from "./life/request.ts";
import { notRunning } from "./life/stop.ts";
import { linkEnvironment } from "./links/links.ts";
import { endpointsOf } from "./networks/endpoints.ts";
import type { ExecOptions } from "./options.ts";
import type { ExecRecord } from "./records.ts";
import { environment, mergeEnvironment } from "./spec/environment.ts";
import { specRlimits } from "./spec/rlimits.ts";
import { specCapabilities } from "./spec/spec.ts";

/** One exec as the engine holds it while it runs. */
export interface Exec {
  record: ExecRecord;
  session: ExecSession | null;
  started: boolean;
}

/** Programs started beside a container's own. */
export function engineExecs(core: Core): Execs {
  const find = (id: string) => findExec(core, id);
  return {
    create: async (container, options) => {
      const entry = core.shelf.find(container);
      forgetOldExecs(core, entry.id);
      return createExec(core, entry, options).record.id;
    },
    start: async (exec, o) => {
      const { stream } = await startExec(core, find(exec), o);
      if (!o.detach) return stream;
      stream.resume();
      return null;
    },
    detached: (exec) => {
      for (const entry of core.shelf.all())
        if (entry.execs.has(exec)) tell(core, entry, "exec_detach", { execID: exec });
    },
    inspect: (exec) => detailsOf(settled(core, find(exec)).record),
    resize: async (exec, size) => {
      const { session, record } = find(exec);
      if (session === null) throw ended(record.id, "resize");
      await session.resize(size);
    },
  };
}

function findExec(core: Core, exec: string): Exec {
  const found = core.execs.get(exec);
  if (found !== undefined) return found;
  throw new InroError("NO_SUCH_EXEC", {
    what: `cannot find the exec "${exec}"`,
    why: `No such exec instance: ${exec}`,
  });
}

/**
 * One whose end came while no engine ran, or to an engine that is no more, or is only on its way to this one: its
 * monitor wrote it down before it closed the streams, and who saw them close may ask at once.
 */
function settled(core: Core, exec: Exec): Exec {
  const { record } = exec;
  if (!record.running) return exec;
  const path = join(folderOf(core, record.containerId), "exec", `${record.id}.json`);
  try {
    const exit = parseExit(readFileSync(path, "utf8"), path);
    exec.record = { ...record, running: false, exitCode: exitCode(exit) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    if (core.shelf.find(record.containerId).live !== null) return exec;
    exec.record = { ...record, running: false, exitCode: UNKNOWN_CODE };
  }
  core.records.putExec(exec.record);
  return exec;
}

/** `isProbe`: a look at the container's health, of which nothing is kept when it has ended. NOT_RUNNING, CONTAINER_PAUSED. */
export function createExec(core: Core, entry: Entry, options: ExecOptions, isProbe = false): Exec {
  checkLive(entry);
  if (options.command.length === 0)
    throw new InroError("INVALID_OPTION", { what: "cannot exec", why: "No exec command specified" });
  const id = randomBytes(32).toString("hex");
  const record = { id, containerId: entry.id, options, isProbe, pid: 0, running: false, exitCode: null };
  const exec: Exec = { record, session: null, started: false };
  core.execs.set(id, exec);
  // Probes come every few seconds for ever: kept, they would leave no room for anything else.
  tell(core, entry, `exec_create: ${options.command.join(" ")}`, { execID: id }, isProbe);
  return exec;
}

function checkLive(entry: Entry): NonNullable<Entry["live"]> {
  if (entry.live === null) throw notRunning(entry, "exec in");
  if (entry.fortune.state.status !== "paused") return entry.live;
  throw new InroError("CONTAINER_PAUSED", {
    what: `cannot exec in the container "${entry.name}"`,
    why: `Container ${entry.name} is paused, unpause the container before exec`,
  });
}

/** Starts it, once. COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, EXEC_STARTED, NOT_RUNNING, CONTAINER_PAUSED. */
export async function startExec(
  core: Core,
  exec: Exec,
  o: { readonly detach: boolean; readonly consoleSize: WindowSize | null },
): Promise<ExecSession> {
  const { record } = exec;
  const entry = core.shelf.find(record.containerId);
  const live = checkLive(entry);
  if (exec.started)
    throw new InroError("EXEC_STARTED", {
      what: `cannot start the exec "${record.id}"`,
      why: "it has run already",
    });
  exec.started = true;
  const { options } = record;
  const attach = {
    stdin: options.attachStdin && !o.detach,
    stdout: options.attachStdout && !o.detach,
    stderr: options.attachStderr && !o.detach,
  };
  const size = o.consoleSize ?? options.consoleSize;
  try {
    const process = execProcess(core, entry, options, size);
    // Before it is: an engine that dies now has to leave it to be found.
    if (record.isProbe) core.records.putExec({ ...record, running: true });
    const session = await live.exec({ id: record.id, process, openStdin: attach.stdin, attach });
    begin(core, entry, exec, session);
    return session;
  } catch (cause) {
    const code = cause instanceof InroError && cause.code === "COMMAND_NOT_FOUND" ? 127 : 126;
    exec.record = { ...record, exitCode: code };
    keep(core, exec.record);
    throw cause;
  }
}

function begin(core: Core, entry: Entry, exec: Exec, session: ExecSession): void {
  const { id, options, isProbe } = exec.record;
  exec.session = session;
  exec.record = { ...exec.record, pid: session.pid, running: true };
  if (!isProbe) core.records.putExec(exec.record);
  entry.execs.set(id, session);
  tell(core, entry, `exec_start: ${options.command.join(" ")}`, { execID: id }, isProbe);
  const finish = (code: number) => {
    exec.session = null;
    exec.record = { ...exec.record, running: false, exitCode: code };
    entry.execs.delete(id);
    if (!core.execs.has(id)) return;
    keep(core, exec.record);
    tell(core, entry, "exec_die", { execID: id, exitCode: String(code) }, isProbe);
  };
  session.exited.then(
    (exit) => finish(exitCode(exit)),
    () => finish(UNKNOWN_CODE),
  );
}

/** How it ended; of a probe the container's health tells. */
function keep(core: Core, record: ExecRecord): void {
  if (record.isProbe) forgetExec(core, record);
  else core.records.putExec(record);
}

/** Docker: what a shell says of a program that a signal ended; its container is gone. */
const UNKNOWN_CODE = 137;

/** The container's own program's surroundings, with what this one asks for laid over them. */
function execProcess(core: Core, entry: Entry, options: ExecOptions, size: WindowSize | null): SpecProcess {
  const own = entry.origin.options;
  if (entry.rootfs === null) throw notRunning(entry, "exec in");
  const identity = identityIn(entry.rootfs, options.user ?? own.user, own.groupAdd);
  const privileged = options.privileged || own.privileged;
  const { attachments } = entry.fortune;
  const { rlimits, capabilities } = core.host;
  const links = linkEnvironment(core, entry.name, {
    options: own,
    attachments,
    endpoints: endpointsOf(entry),
  });
  return {
    terminal: options.tty,
    ...(size !== null && options.tty && { consoleSize: { height: size.rows, width: size.columns } }),
    user: { uid: identity.uid, gid: identity.gid, additionalGids: identity.groups },
    args: options.command,
    env: environment({
      hostname: hostnameOf(core, entry.id, own),
      home: identity.home,
      tty: options.tty,
      env: mergeEnvironment([...links, ...own.env], options.env),
    }),
    cwd: options.workingDirectory ?? own.workingDirectory ?? "/",
    capabilities: specCapabilities({ ...own, privileged }, identity.uid, capabilities),
    rlimits: specRlimits(own.ulimits, rlimits, capabilities.includes("SYS_RESOURCE")),
    noNewPrivileges: own.security.noNewPrivileges,
  };
}

function ended(id: string, verb: string): InroError {
  return new InroError("NOT_RUNNING", { what: `cannot ${verb} the exec "${id}"`, why: "it does not run" });
}

function detailsOf(record: ExecRecord): ExecDetails {
  const { id, containerId, options, running, exitCode, pid } = record;
  return { id, containerId, options, running, exitCode, pid };
}
