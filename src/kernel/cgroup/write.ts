import { readFileSync, writeFileSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { errnoText } from "../errno.ts";
import type { CgroupFolder } from "./set.ts";
import type { FileValue } from "./setting.ts";
import type { Placed } from "./settings.ts";

/** What is to be written where. */
type Write = Pick<Placed<CgroupFolder>, "file" | "value" | "otherwise" | "optional" | "at" | "home">;

/**
 * Some values bound each other: memory and memory with swap, quota and burst, weight and idle. Which of two goes first
 * depends on whether they rise or fall; so what is refused is tried again after the others, as long as that helps.
 * CGROUP_LIMIT_REFUSED for what is refused to the end; `undo` then holds the way back, to be gone from its end.
 */
export function writeAll(writes: readonly Write[], undo: (() => void)[]): void {
  let waiting = writes;
  while (waiting.length > 0) {
    const refused = waiting.flatMap((write) => {
      const cause = tryWrite(write, undo);
      return cause === undefined ? [] : [{ write, cause }];
    });
    const [first] = refused;
    if (first !== undefined && refused.length === waiting.length) throw refusal(first.write, first.cause);
    waiting = refused.map(({ write }) => write);
  }
}

type Refusal = NodeJS.ErrnoException;

/** CGROUP_LIMIT_REFUSED, with no way back. */
export function writeOne(write: Write): void {
  try {
    writeExisting(`${write.home.path}/${write.file}`, write.value);
  } catch (cause) {
    throw refusal(write, cause as Refusal);
  }
}

function tryWrite(
  { home, file, value, otherwise, optional }: Write,
  undo: (() => void)[],
): Refusal | undefined {
  let refused: Refusal | undefined;
  for (const one of otherwise === undefined ? [{ file, value }] : [{ file, value }, otherwise]) {
    try {
      const before = oldValue(home, one);
      writeExisting(`${home.path}/${one.file}`, one.value);
      if (before !== undefined) undo.push(() => restore(`${home.path}/${one.file}`, before));
      return undefined;
    } catch (cause) {
      refused = cause as Refusal;
      if (refused.code !== "ENOENT") break;
    }
  }
  return optional === true ? undefined : refused;
}

/** cgroupfs lets nobody make a file, and says so with EACCES: without O_CREAT a missing one is ENOENT. */
const writeExisting = (path: string, value: string): void => writeFileSync(path, value, { flag: "r+" });

/** On the way back from a refusal, which is what is told. */
export function restore(path: string, value: string): void {
  try {
    writeExisting(path, value);
  } catch {
    // Nothing better can be had back.
  }
}

/** What brings the present value back. Of a file with a line for each device, the line of that device. */
function oldValue({ path }: CgroupFolder, { file, value }: FileValue): string | undefined {
  const content = readable(`${path}/${file}`)?.trim();
  if (content === undefined) return undefined;
  if (file === "memory.oom_control") return /oom_kill_disable (\d)/.exec(content)?.[1];
  const [key = ""] = value.split(" ");
  const ofDevice = /^\d+:\d+$/.test(key);
  if (!ofDevice && !content.includes("\n")) return content;
  const line = content.split("\n").find((row) => row.startsWith(`${key} `));
  return line ?? (ofDevice ? `${key} ${absent(file)}` : undefined);
}

/** Undefined for a file that can only be written. */
function readable(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as Refusal).code === "ENOENT") throw cause;
    return undefined;
  }
}

/** How a file is told that a device has no line of its own. */
function absent(file: string): string {
  if (file === "io.max") return "rbps=max wbps=max riops=max wiops=max";
  return file.startsWith("blkio.throttle.") ? "0" : "default";
}

function refusal({ home, file, value, at }: Write, cause: Refusal): InroError {
  return new InroError("CGROUP_LIMIT_REFUSED", {
    what: `cannot set ${file} to "${value}"`,
    why: `${errnoText(Math.abs(cause.errno ?? 0))} in ${home.path}`,
    at: at.startsWith("/linux") || at === "default" ? at : `/linux/resources${at}`,
    cause,
  });
}
