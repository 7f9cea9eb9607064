/** The OCI command line of this checkout, and bundles for it; what is left of them goes with the scope. */
import { globSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RuntimeSpec, SpecProcess } from "../../../src/oci/runtime-spec.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { typical, process as typicalProcess } from "../compile/spec.ts";
import { makeRoot } from "../container.ts";

const PROGRAM = join(import.meta.dir, "../../../build/inro-runtime");

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Bundle {
  readonly id: string;
  readonly path: string;
}

export interface CommandLine extends AsyncDisposable {
  /** A folder of its own. */
  readonly path: string;
  /** Below it are its containers' cgroups, in every hierarchy. */
  readonly cgroups: string;
  /** Where it keeps state. */
  readonly root: string;
  /** The words that run it, before those of a command. */
  readonly words: readonly string[];
  (...words: string[]): Promise<Ran>;
  withInput(input: string, ...words: string[]): Promise<Ran>;
  /** With files of its folder as descriptors 3, 4, …; `environment`: assignments that its shell expands. */
  withDescriptors(files: readonly string[], environment: string, ...words: string[]): Promise<Ran>;
  bundle(process: Partial<SpecProcess>, spec?: Partial<RuntimeSpec>): Bundle;
  /** A container that runs `sh -c SCRIPT` when this resolves. */
  running(script: string, process?: Partial<SpecProcess>, spec?: Partial<RuntimeSpec>): Promise<Bundle>;
  state(id: string): Promise<{ readonly status: string; readonly pid: number }>;
}

let count = 0;

/** `name` names its cgroups: `/inro-test-NAME/…` in every hierarchy. */
export function commandLine(name: string): CommandLine {
  const room = temporaryFolder("command");
  const root = join(room.path, "root");
  const parent = `/inro-test-${name}-${process.pid}`;
  const words = [PROGRAM, "--root", root];
  const ids: string[] = [];

  // A container that is created keeps its caller's streams: files, since a pipe would have no end.
  const spawn = async (input: "ignore" | Uint8Array, rest: readonly string[]): Promise<Ran> => {
    const [out, err] = [join(room.path, `out${++count}`), join(room.path, `err${count}`)];
    const stdio = [input, Bun.file(out), Bun.file(err)] as const;
    const child = Bun.spawn([...words, ...rest], { stdio: [...stdio], timeout: 20_000 });
    const code = await child.exited;
    return { code, stdout: await Bun.file(out).text(), stderr: await Bun.file(err).text() };
  };
  const inro = (...rest: string[]): Promise<Ran> => spawn("ignore", rest);

  const bundle = (more: Partial<SpecProcess>, spec: Partial<RuntimeSpec> = {}): Bundle => {
    const id = `c${process.pid}x${++count}`;
    const path = join(room.path, id);
    makeRoot(join(path, "rootfs"));
    const config: RuntimeSpec = {
      ...typical,
      process: { ...typicalProcess, rlimits: [], ...more },
      linux: { ...typical.linux, resources: {}, cgroupsPath: `${parent}/${id}` },
      ...spec,
    };
    writeFileSync(join(path, "config.json"), JSON.stringify(config));
    ids.push(id);
    return { id, path };
  };

  return Object.assign(inro, {
    path: room.path,
    cgroups: parent,
    root,
    words,
    bundle,
    withInput: (input: string, ...rest: string[]) => spawn(new TextEncoder().encode(input), rest),
    withDescriptors: async (files: readonly string[], environment: string, ...rest: string[]) => {
      const opened = files.map((name, at) => `${at + 3}< ${join(room.path, name)}`).join(" ");
      const line = `exec ${opened}; ${environment} exec "$0" "$@"`;
      const child = Bun.spawn(["sh", "-c", line, ...words, ...rest], { stderr: "pipe", timeout: 20_000 });
      const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      return { code: await child.exited, stdout, stderr };
    },
    state: async (id: string) => JSON.parse((await inro("state", id)).stdout),
    running: async (script: string, more: Partial<SpecProcess> = {}, spec: Partial<RuntimeSpec> = {}) => {
      const made = bundle({ args: ["sh", "-c", script], ...more }, spec);
      const ran = await inro("run", "--detach", "-b", made.path, made.id);
      if (ran.code !== 0) throw new Error(ran.stderr);
      return made;
    },
    [Symbol.asyncDispose]: async () => {
      for (const id of ids) await inro("delete", "--force", id);
      removeCgroups(parent);
      room[Symbol.dispose]();
    },
  });
}

/** In every hierarchy: the real runc joins systemd's too. */
function removeCgroups(parent: string): void {
  for (const cgroup of globSync(`/sys/fs/cgroup/{.,*}${parent}`)) rmdirSync(cgroup);
}

export const sleeping = { args: ["sleep", "100"] } as const;

export async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await done()); tries++) {
    if (tries > 500) throw new Error("it did not come to pass");
    await Bun.sleep(10);
  }
}

export function folder(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}
