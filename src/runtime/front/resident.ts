import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { libc } from "../../platform/libc.ts";
import { giveBackMemory } from "../../platform/memory.ts";
import { listenUnix, type UnixStream } from "../../platform/unix-stream.ts";
import { readFacts } from "../facts.ts";
import { houseMonitor } from "../housing.ts";

const PRIVATE = 0o700;
/** R16: nobody else connects. */
const SOCKET_MASK = 0o177;
// flock(2)
const LOCK_EX = 2;
const LOCK_NB = 4;
const PEERCRED = { level: 1, option: 17 } as const;

/** A place at which fronts are listened to. */
export interface Residence {
  stop(): void;
}

/**
 * Listens in a folder that is ours alone, for as long as it is locked: of several that want to, one does. Undefined for the
 * others, and where the folder could be somebody else's.
 */
export function settle(folder: string, accept: (stream: UnixStream) => void): Residence | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: PRIVATE });
    if (!isOurs(folder)) return undefined;
    const lock = takeLock(`${folder}/lock`);
    if (lock === undefined) return undefined;
    moveOut();
    const socket = `${folder}/socket`;
    rmSync(socket, { force: true });
    const listening = listenIn(folder, (stream) => (isOurPeer(stream) ? accept(stream) : stream.close()));
    return {
      stop: () => {
        listening.stop();
        for (const path of [socket, `${folder}/lock`]) rmSync(path, { force: true });
        closeSync(lock);
        removeEmpty(folder);
      },
    };
  } catch {
    // Each front then has a Bun of its own.
    return undefined;
  }
}

/** The next one may be in it already. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw cause;
  }
}

function isOurs(folder: string): boolean {
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o077) === 0;
}

/** The lock that is there under this name still: whoever held it before may have taken the file away. */
function takeLock(path: string): number | undefined {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  const locked = libc().flock(descriptor, LOCK_EX | LOCK_NB) === 0;
  if (locked && statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(descriptor).ino)
    return descriptor;
  closeSync(descriptor);
  return undefined;
}

/** A socket's address holds 108 bytes: it is named through its folder's descriptor. */
function listenIn(folder: string, accept: (stream: UnixStream) => void): { stop(): void } {
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  const mask = process.umask(SOCKET_MASK);
  try {
    return listenUnix(`/proc/self/fd/${descriptor}/socket`, accept);
  } finally {
    process.umask(mask);
    closeSync(descriptor);
  }
}

/** socket(7), SO_PEERCRED: who connected, as the kernel knows it: struct ucred, pid, uid, gid. */
function isOurPeer(stream: UnixStream): boolean {
  const credentials = new Int32Array(3);
  const size = new Int32Array([credentials.byteLength]);
  const { level, option } = PEERCRED;
  const failed = libc().getsockopt(stream.descriptor, level, option, credentials, size);
  return failed === 0 && credentials[1] === process.geteuid?.();
}

/** KERNEL.md, laws of the monitor, 7: whoever ends its first caller's service does not end what serves others. */
function moveOut(): void {
  houseMonitor(process.pid, "/inro-runtime/warm", readFacts().hierarchies);
}

/** Milliseconds. */
const REST = 15_000;

/** The life of what listens: while commands are under way it goes on. */
export interface Life {
  began(): void;
  ended(): void;
  /** No more fronts; what is under way is brought to its end. */
  leave(): void;
}

/** Ends the process when nothing has been under way for so many seconds; gives memory back a while before. */
export function endWhenIdle(seconds: number, residence: Residence): Life {
  let busy = 0;
  let left = false;
  let timers: Timer[] = [];
  const leave = (): void => {
    const first = !left;
    left = true;
    if (first) residence.stop();
    if (busy === 0) process.exit(0);
  };
  const idle = (): void => {
    if (left) process.exit(0);
    timers = [setTimeout(leave, seconds * 1000), setTimeout(giveBackMemory, REST)];
  };
  return {
    leave,
    began: () => {
      busy++;
      for (const timer of timers) clearTimeout(timer);
    },
    ended: () => {
      if (--busy === 0) idle();
    },
  };
}
