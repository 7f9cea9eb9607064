/** The OCI command line as an unprivileged user runs it: a user of the tests' own, in a room of his own. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { RuntimeSpec } from "../../src/oci/runtime-spec.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolRoot } from "../support/tools.ts";
import { canRun, makeRoot } from "./container.ts";

const BUILD = join(import.meta.dir, "../../build");
export const USER = 12_345;
export const RANGE = 300_000;

export const canRunRootless = canRun && existsSync(join(BUILD, "inro")) && Bun.which("setpriv") !== null;
export const canMapRanges = canRunRootless && toolRoot("uidmap") !== undefined;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Room extends Disposable {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs inro-runtime as the user. */
  inro(...words: string[]): Promise<Ran>;
  /** The same by a process in a cgroup (a folder's path) that root has put it into. */
  inroIn(cgroup: string, ...words: string[]): Promise<Ran>;
  /** A bundle of `spec --rootless`, with a shell's line as its program; `change` has the last word. */
  bundle(script: string, change?: (spec: RuntimeSpec) => RuntimeSpec): Promise<{ id: string; path: string }>;
}

let count = 0;

export function openRoom(programs: "with mappers" | "without mappers" = "without mappers"): Room {
  const folder = temporaryFolder("rootless");
  const { path } = folder;
  for (const name of ["run", "bin"]) mkdirSync(join(path, name));
  for (const name of ["inro", "inro-runtime"]) place(join(BUILD, name), join(path, "bin", name));
  if (programs === "with mappers") installMappers(join(path, "bin"));
  for (const each of [path, join(path, "run")]) chownSync(each, USER, USER);
  const PATH = programs === "with mappers" ? `${path}/bin:/usr/bin:/bin` : "/nowhere";
  const environment = { PATH, HOME: path, XDG_RUNTIME_DIR: join(path, "run") };
  const command = (words: string[]) => [join(path, "bin/inro-runtime"), ...words];
  const inro = (...words: string[]) => asUser(environment, path, command(words));
  const inroIn = (cgroup: string, ...words: string[]) => asUser(environment, path, command(words), cgroup);
  return {
    ...{ path, environment, inro, inroIn },
    bundle: async (script, change = (spec) => spec) => {
      const id = `r${process.pid}x${++count}`;
      const bundle = join(path, id);
      makeRoot(join(bundle, "rootfs"));
      Bun.spawnSync(["chown", "-R", `${USER}:${USER}`, bundle]);
      await inro("spec", "--rootless", "--bundle", bundle);
      const file = join(bundle, "config.json");
      const spec = JSON.parse(readFileSync(file, "utf8")) as RuntimeSpec;
      const program = { ...spec.process, terminal: false, args: ["sh", "-c", `exec 2>&1; ${script}`] };
      const changed = change({ ...spec, root: { path: "rootfs" }, process: program } as RuntimeSpec);
      writeFileSync(file, JSON.stringify(changed));
      return { id, path: bundle };
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

function place(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
    chmodSync(to, 0o755);
  }
}

/** As the package would install them: with set-user-ID. */
function installMappers(folder: string): void {
  const root = toolRoot("uidmap");
  if (root === undefined) return;
  for (const name of ["newuidmap", "newgidmap"]) {
    copyFileSync(join(root, "usr/bin", name), join(folder, name));
    chmodSync(join(folder, name), 0o4755);
  }
}

const FILES = {
  passwd: (home: string) => `tester:x:${USER}:${USER}::${home}:/bin/sh\n`,
  group: () => `tester:x:${USER}:\n`,
  subuid: () => `tester:${RANGE}:65536\n`,
  subgid: () => `tester:${RANGE}:65536\n`,
};

/** Under an /etc that knows the user and what ids he was given: in a mount namespace of the test's own. */
async function asUser(
  environment: Room["environment"],
  path: string,
  command: string[],
  cgroup?: string,
): Promise<Ran> {
  const [etc, work] = [join(path, "etc"), join(path, "etc.work")];
  for (const folder of [etc, work]) mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(etc, name), text(path));
  const mount = `mount -t overlay overlay -o lowerdir=/etc,upperdir=${etc},workdir=${work} /etc`;
  const enter = cgroup === undefined ? "" : `&& echo 0 > ${cgroup}/cgroup.procs`;
  const become = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "--"].map(String);
  const clean = [
    "/usr/bin/env",
    "-i",
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  ];
  const words = [
    "--mount",
    "sh",
    "-c",
    `${mount} ${enter} && exec "$@"`,
    "sh",
    ...become,
    ...clean,
    ...command,
  ];
  const [out, err] = [join(path, `out${++count}`), join(path, `err${count}`)];
  const stdio = ["ignore", Bun.file(out), Bun.file(err)] as const;
  const child = Bun.spawn(["unshare", ...words], { stdio: [...stdio], cwd: path, timeout: 20_000 });
  const code = await child.exited;
  return { code, stdout: await Bun.file(out).text(), stderr: await Bun.file(err).text() };
}
