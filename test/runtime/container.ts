/** Containers for tests: a busybox root, the runtime of this checkout, roots of the test's own that go with the scope. */
import { existsSync, linkSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exitCode } from "../../src/oci/exit.ts";
import type { Rootfs } from "../../src/oci/rootfs.ts";
import type { RuntimeSpec, SpecLinux, SpecProcess } from "../../src/oci/runtime-spec.ts";
import { openRuntime } from "../../src/runtime/open.ts";
import type { Container, CreateRequest, Runtime } from "../../src/runtime/runtime.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolRoot } from "../support/tools.ts";
import { typical, process as typicalProcess } from "./compile/spec.ts";

const NATIVE = join(import.meta.dir, "../../build/native/inro-native");
const busyboxRoot = toolRoot("busybox");

/** Whether this machine can run containers at all; tests skip by it, and say so. */
export const canRun = process.getuid?.() === 0 && busyboxRoot !== undefined && existsSync(NATIVE);

const APPLETS =
  "sh true false cat ls id mount ps sleep head tail grep echo env hostname tty stat dd readlink yes kill touch mkdir wc stty test ln rm dmesg mknod nohup seq cut".split(
    " ",
  );

export interface Wish {
  /** The command; or a line for the container's shell, both of whose outputs keep their order. */
  readonly args?: readonly string[];
  readonly script?: string;
  readonly process?: Partial<SpecProcess>;
  readonly linux?: Partial<SpecLinux>;
  readonly spec?: Partial<RuntimeSpec>;
  readonly request?: Partial<CreateRequest>;
  /** Does something to the root before the container is made. */
  readonly image?: (rootfs: string) => void;
  /** Another native program. */
  readonly native?: string;
}

export interface TestContainer extends AsyncDisposable {
  readonly id: string;
  readonly folder: string;
  readonly rootfs: string;
  readonly request: CreateRequest;
  readonly runtime: Runtime;
  create(): Promise<Container>;
  /** Create, start, wait: what it wrote and how it ended. */
  run(): Promise<{ readonly output: string; readonly code: number; readonly oomKilled: boolean }>;
  /** What the log holds so far, without times. */
  output(): string;
}

let count = 0;

export async function testContainer(wish: Wish): Promise<TestContainer> {
  const room = temporaryFolder("runtime");
  const id = `t${process.pid}x${++count}`;
  const folder = join(room.path, "c");
  const rootfs = join(room.path, "rootfs");
  mkdirSync(folder, { mode: 0o700 });
  makeRoot(rootfs);
  wish.image?.(rootfs);
  const runtime = await openRuntime({ execRoot: join(room.path, "run"), native: wish.native ?? NATIVE });
  const request = requestOf(wish, { id, folder, socketFolder: join(room.path, "run", id), rootfs });
  let live: Container | undefined;
  const create = async () => {
    live = await runtime.create(request);
    return live;
  };
  const output = () => readLog(join(folder, "log", "container.log"));
  return {
    ...{ id, folder, rootfs, request, runtime, create, output },
    run: async () => {
      const container = await create();
      await container.start();
      const exit = await container.exited;
      return { output: output(), code: exitCode(exit), oomKilled: exit.oomKilled };
    },
    [Symbol.asyncDispose]: async () => {
      // Whoever created it may have let go of it.
      const left = await runtime.reconnect(id, folder, request.socketFolder);
      await left?.signal(9).catch(() => {});
      await left?.exited.catch(() => {});
      left?.close();
      live?.close();
      room[Symbol.dispose]();
    },
  };
}

export function makeRoot(rootfs: string): void {
  for (const name of ["bin", "proc", "sys", "dev", "etc", "tmp", "root"]) {
    mkdirSync(join(rootfs, name), { recursive: true });
  }
  const busybox = join(rootfs, "bin/busybox");
  writeFileSync(busybox, readFileSync(join(busyboxRoot ?? "", "bin/busybox")), { mode: 0o755 });
  for (const applet of APPLETS) linkSync(busybox, join(rootfs, "bin", applet));
}

interface Places {
  readonly id: string;
  readonly folder: string;
  readonly socketFolder: string;
  readonly rootfs: string;
}

function requestOf(wish: Wish, { id, folder, socketFolder, rootfs }: Places): CreateRequest {
  const args = wish.args ?? ["sh", "-c", `exec 2>&1; ${wish.script ?? "true"}`];
  const process: SpecProcess = { ...typicalProcess, rlimits: [], args, ...wish.process };
  const linux: SpecLinux = {
    ...typical.linux,
    resources: {},
    sysctl: {},
    cgroupsPath: `/inro-test/${id}`,
    ...wish.linux,
  };
  const root: Rootfs = { kind: "folder", path: rootfs };
  return {
    ...{ id, folder, socketFolder, rootfs: root },
    spec: { ...typical, ...wish.spec, process, linux },
    terminal: process.terminal === true,
    openStdin: false,
    stdinOnce: false,
    useInit: false,
    fragments: [],
    log: { path: join(folder, "log", "container.log"), maxSize: 1 << 20, maxFiles: 2 },
    ...wish.request,
  };
}

function readLog(path: string): string {
  if (!existsSync(path)) return "";
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines
    .map((line) => {
      const [, , tag, ...text] = line.split(" ");
      return text.join(" ") + (tag === "F" ? "\n" : "");
    })
    .join("");
}

/** Takes away what every test's containers share, once the last monitor has undone its own. */
export async function removeTestCgroups(): Promise<void> {
  const mounts = "unified cpu cpuacct cpuset memory devices blkio pids freezer .".split(" ");
  const folders = mounts.map((mount) => `/sys/fs/cgroup/${mount}/inro-test`);
  for (let tries = 0; tries < 20 && !folders.every(removed); tries++) await Bun.sleep(10);
}

/** Also true while another test file's containers are in it: they take it away. */
function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EBUSY";
  }
}
