import { existsSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";

/** An open file of a log. */
export interface LogFile {
  readonly handle: FileHandle;
  readonly inode: bigint;
  /** Bytes when it was opened. */
  readonly size: number;
}

/** More rotated files than anyone keeps. */
const MOST_FILES = 100;

export const rotated = (path: string, number: number): string => (number === 0 ? path : `${path}.${number}`);

/** Every file of the log that is there. */
export function logFiles(path: string): string[] {
  const names = Array.from({ length: MOST_FILES }, (_, number) => rotated(path, number));
  return names.filter((name) => existsSync(name));
}

export async function openLogFile(path: string): Promise<LogFile | undefined> {
  try {
    const handle = await open(path, "r");
    const { ino, size } = await handle.stat({ bigint: true });
    return { handle, inode: ino, size: Number(size) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Every file of the log, oldest first. They are opened newest first: a rotation meanwhile then shows a file twice
 * (which its inode tells), and never hides one.
 */
export async function openLogFiles(path: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (let number = 0; number < MOST_FILES; number++) {
    const file = await openLogFile(rotated(path, number));
    if (file === undefined && number > 0) break;
    if (file === undefined) continue;
    if (files.some((known) => known.inode === file.inode)) await file.handle.close();
    else files.push(file);
  }
  return files.reverse();
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch {
    return undefined;
  }
}

/** True when `file` is not what the log's name leads to any more: nothing will be appended to it. */
export async function isRotated(path: string, file: LogFile): Promise<boolean> {
  const current = await inodeOf(path);
  return current !== undefined && current !== file.inode;
}

/** The file after a rotated one; when that one is gone already, the oldest that is left. */
export async function openNextFile(path: string, file: LogFile): Promise<LogFile | undefined> {
  for (;;) {
    let number = 1;
    let inode: bigint | undefined;
    for (; number < MOST_FILES; number++) {
      inode = await inodeOf(rotated(path, number));
      if (inode === undefined || inode === file.inode) break;
    }
    const next = await openLogFile(rotated(path, number - 1));
    // A rotation meanwhile has moved every name by one: this would be the one after the next.
    const moved = (await inodeOf(rotated(path, number))) !== inode;
    if (!moved && next?.inode !== file.inode) return next;
    await next?.handle.close();
    if (!moved) return undefined;
  }
}
