import { globSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Steps between faults: one where every step is tried, as all tests do with INRO_EVERY_STEP=1; more in the gate. */
export const stride = (inTheGate: number): number =>
  process.env["INRO_EVERY_STEP"] === undefined ? inTheGate : 1;

/** What a container may leave on its host: processes of a program, cgroups of an id, mounts that name a folder. */
export interface Traces {
  readonly program: string;
  readonly id: string;
  readonly folder: string;
}

const PATIENCE_MS = 3000;

/** Empty when nothing is left; what dies has a moment to do so. */
export const leftOf = (traces: Traces): Promise<string[]> => lasting(() => all(traces));

/** The processes alone, where it is known that the rest is left. */
export const processesLeft = (program: string): Promise<string[]> => lasting(() => processes(program));

async function lasting(look: () => string[]): Promise<string[]> {
  let found = look();
  for (const end = performance.now() + PATIENCE_MS; found.length > 0 && performance.now() < end; ) {
    await Bun.sleep(2);
    found = look();
  }
  return found;
}

function all({ program, id, folder }: Traces): string[] {
  return [
    ...processes(program),
    ...globSync(`/sys/fs/cgroup/{.,*}/*/${id}`).map((path) => `cgroup ${path}`),
    ...readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(folder))
      .map((line) => `mount ${line}`),
  ];
}

/** Processes that run a program, or one that was started from it and is about to be another. */
function processes(program: string): string[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    return pid > 0 && executableOf(pid) === program ? [`process ${pid}`] : [];
  });
}

function executableOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}
