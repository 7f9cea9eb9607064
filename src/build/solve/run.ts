/** RUN: a program in a container of its own upon what is below it; what it wrote is the layer. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WindowSize } from "../../engine/engine.ts";
import { isMountPoint } from "../../engine/files/changes.ts";
import { type ContainerOptions, DEFAULT_LOG, DEFAULT_OPTIONS } from "../../engine/options.ts";
import type { ResolvedMount } from "../../engine/spec/mounts.ts";
import type { RunningStep, Steps } from "../../engine/steps/steps.ts";
import type { Stack } from "../../image/images.ts";
import type { LayerStore } from "../../image/layer-store.ts";
import { InroError } from "../../oci/error.ts";
import { demultiplexer } from "../../oci/stream-frames.ts";
import { spending } from "../../platform/spent.ts";
import type { RunNode } from "../graph/node.ts";
import type { BuildRequest } from "../request.ts";
import type { PreparedMounts } from "./mounts.ts";
import type { MakeOptions, Work } from "./solve.ts";

/** The same in every step of every build, so that it may be told to a program without making what it writes another. */
const HOSTNAME = "buildkitsandbox";

export interface RunParts {
  readonly steps: Steps;
  readonly layers: LayerStore;
  readonly request: Pick<BuildRequest, "network" | "limits" | "timestamp">;
  readonly mounts: PreparedMounts;
  /** Holds a step that has failed for a shell in it; null: it just fails. */
  readonly hold: ((start: StartShell, signal: AbortSignal) => Promise<void>) | null;
}

/** A shell where the step's program was. */
export type StartShell = (size: WindowSize | null) => Promise<RunningStep>;

export function runWork(node: RunNode, below: Stack, parts: RunParts): Work {
  const { network, limits, timestamp } = parts.request;
  const { mounts } = parts;
  return {
    parts: {
      arguments: node.arguments,
      script: node.script,
      env: node.env,
      user: node.user,
      workdir: node.workdir,
      mounts: mounts.key,
      network: node.network,
      privileged: node.isPrivileged,
      devices: node.devices,
      hosts: limits.extraHosts,
      shmSize: limits.shmSize,
      timestamp,
    },
    async make(o) {
      const { points, isMissing } = await mounts.points();
      await using step = await parts.steps.open(below, points);
      await using held = await mounts.open(step, o.signal);
      const options: ContainerOptions = {
        ...DEFAULT_OPTIONS,
        ...limits,
        image: node.step.text,
        env: [...node.env, ...node.proxies, ...held.env],
        user: node.user === "" ? null : node.user,
        workingDirectory: node.workdir,
        hostname: HOSTNAME,
        network: node.network === "default" ? network : { kind: node.network },
        privileged: node.isPrivileged,
        deviceRequests: node.devices.length === 0 ? [] : [cdiRequest(node.devices)],
        log: { ...DEFAULT_LOG, driver: "none" },
      };
      const script = node.script === null ? null : scriptMount(step.folder, node.script);
      const running = await step.start({
        ...{ options, arguments: script === null ? node.arguments : [script.target] },
        mounts: script === null ? held.mounts : [...held.mounts, script],
      });
      try {
        await followed(running, node, o);
      } catch (cause) {
        if (!(cause instanceof StepFailure) || parts.hold === null) throw cause;
        const start: StartShell = (consoleSize) =>
          step.start({
            options: { ...options, tty: true, openStdin: true, consoleSize },
            ...{ arguments: [shellOf(node)], mounts: held.mounts },
          });
        o.tell({ type: "held" });
        await parts.hold(start, o.signal);
        throw cause;
      }
      const written = await parts.layers.seal(step.root, below, {
        leftOut: (path) => isMountPoint(path) || isMissing(path),
        latest: timestamp,
        isKept: o.isKept,
      });
      return { stack: written, isSound: await mounts.isSound() };
    },
  };
}

/** The image's own, where the step was run by it. */
const shellOf = ({ arguments: [program = ""] }: RunNode): string =>
  /(^|\/)\w*sh$/.test(program) ? program : "/bin/sh";

const cdiRequest = (deviceIds: readonly string[]) => ({
  ...{ driver: "cdi", count: 0, deviceIds, capabilities: [], options: {} },
});

/** Where the file lies that a heredoc is: in memory, and in no layer. */
const SCRIPTS = "/dev/pipes";

function scriptMount(folder: string, { name, content }: NonNullable<RunNode["script"]>): ResolvedMount {
  const source = join(folder, "script");
  writeFileSync(source, content, { mode: 0o755 });
  return {
    ...{ type: "bind", source, target: `${SCRIPTS}/${name}`, detail: {} },
    ...{ options: ["bind", "rprivate", "ro"], because: "RUN <<" },
  };
}

/** Until the program has ended well. BUILD_STEP_FAILED. */
async function followed(running: RunningStep, node: RunNode, { tell, signal }: MakeOptions): Promise<void> {
  const kill = () => void running.kill().catch(() => {});
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  const write = demultiplexer((stream, data) => tell({ type: "output", stream, data }));
  try {
    for await (const chunk of spending(running.stream)) write(chunk as Uint8Array);
  } catch {
    // Its connection ends with its monitor: how it ended is told below.
  }
  const report = await running.ended;
  signal.removeEventListener("abort", kill);
  signal.throwIfAborted();
  if (report.code === 0) return;
  const memory = report.oomKilled ? ", which the kernel killed for want of memory" : "";
  throw new StepFailure(node, report.code, `exit code: ${report.code}${memory}`);
}

/** BUILD_STEP_FAILED: a program of a RUN has ended badly. */
export class StepFailure extends InroError {
  readonly node: RunNode;
  readonly exitCode: number;

  constructor(node: RunNode, exitCode: number, why: string) {
    const command = node.arguments.join(" ");
    super("BUILD_STEP_FAILED", {
      what: `process ${JSON.stringify(command)} did not complete successfully`,
      why,
    });
    this.node = node;
    this.exitCode = exitCode;
  }
}
