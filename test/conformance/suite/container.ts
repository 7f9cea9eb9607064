import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import type { OciState } from "../../../src/oci/state.ts";
import { makeRootfs, type Patch, patched, plainSpec } from "./bundle.ts";
import type { Ran } from "./execute.ts";

export interface Container {
  readonly id: string;
  readonly bundle: string;
  readonly rootfs: string;
  /** Writes config.json anew, changed by the patch. */
  configure(patch: Patch): void;
  config(): RuntimeSpec;
  create(...flags: readonly string[]): Promise<Ran>;
  start(): Promise<Ran>;
  run(...flags: readonly string[]): Promise<Ran>;
  kill(...words: readonly string[]): Promise<Ran>;
  delete(...flags: readonly string[]): Promise<Ran>;
  /** Undefined when the runtime knows no such container. */
  state(): Promise<OciState | undefined>;
  pid(): Promise<number>;
  /** The program has ended. */
  stopped(): Promise<void>;
  /** What the file says that the container's program made in its root, once it is there and has a whole line. */
  said(file: string): Promise<string>;
}

interface Making {
  readonly room: string;
  readonly id: string;
  readonly runtime: (...words: readonly string[]) => Promise<Ran>;
  readonly cgroupsPath: string;
  readonly patches: readonly Patch[];
}

/** An emulated machine is a hundred times slower than it should be. */
const PATIENCE_MS = 30_000;

export function makeContainer({ room, id, runtime, cgroupsPath, patches }: Making): Container {
  const bundle = join(room, id);
  const rootfs = join(bundle, "rootfs");
  mkdirSync(bundle, { mode: 0o755 });
  makeRootfs(rootfs);
  let spec = [...patches].reduce(patched, plainSpec(cgroupsPath) as unknown);
  const write = () => writeFileSync(join(bundle, "config.json"), JSON.stringify(spec));
  write();
  const state = async () => {
    const { code, stdout } = await runtime("state", id);
    return code === 0 ? (JSON.parse(stdout) as OciState) : undefined;
  };
  return {
    ...{ id, bundle, rootfs, state },
    configure: (patch) => {
      spec = patched(spec, patch);
      write();
    },
    config: () => spec as RuntimeSpec,
    create: (...flags) => runtime("create", "--bundle", bundle, ...flags, id),
    start: () => runtime("start", id),
    run: (...flags) => runtime("run", "--bundle", bundle, ...flags, id),
    kill: (...words) => runtime("kill", id, ...words),
    delete: (...flags) => runtime("delete", ...flags, id),
    pid: async () => (await state())?.pid ?? 0,
    stopped: () => until(async () => (await state())?.status === "stopped"),
    said: async (file) => {
      const path = join(rootfs, file);
      const text = () => (existsSync(path) ? readFileSync(path, "utf8") : "");
      await until(() => text().endsWith("\n"));
      return text();
    },
  };
}

export async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await Bun.sleep(5)) {
    if (await done()) return;
  }
  throw new Error("it did not happen in time");
}
