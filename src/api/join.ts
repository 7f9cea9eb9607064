import { type Duplex, Transform } from "node:stream";
import { spentBy } from "../platform/spent.ts";
import { invalid } from "./asked.ts";
import type { Client } from "./exchange.ts";

/** How long a client may take to close its side after the stream's end, in milliseconds. */
const LINGER = 10_000;

export interface JoinOptions {
  /** Without it what the client sends is thrown away. */
  readonly stdin: boolean;
  /** Typing them ends the client's connection and leaves the container as it is. */
  readonly detachKeys: Uint8Array | null;
  readonly onDetach: () => void;
}

/**
 * Joins a client with a container's stream until either ends. What the container says is passed on untouched; the
 * end of the client's input is passed on as the end of the container's.
 */
export function join(client: Client, stream: Duplex, { stdin, detachKeys, onDetach }: JoinOptions): void {
  const { input, output } = client;
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    stream.destroy();
    input?.unpipe();
    input?.resume();
    output.end();
    // Closing a unix socket with unread bytes would reset it and lose what the client has not read yet.
    setTimeout(() => output.destroy(), LINGER).unref();
  };
  stream.on("error", end);
  stream.on("end", end);
  stream.on("close", end);
  output.on("error", end);
  output.on("close", end);
  input?.on("error", end);
  stream.pipe(output);
  spentBy(stream);
  if (input === null) return;
  if (!stdin) {
    input.resume();
    return;
  }
  const leave = () => {
    onDetach();
    end();
  };
  const typed = detachKeys === null ? input : input.pipe(detachScanner(detachKeys, leave));
  typed.pipe(stream);
  spentBy(typed);
}

/** Passes bytes on, holding back what may become the detach sequence, as dockerd does. */
export function detachScanner(keys: Uint8Array, onDetach: () => void): Transform {
  let matched = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      const passed: number[] = [];
      for (const byte of chunk) {
        if (byte !== keys[matched]) {
          passed.push(...keys.subarray(0, matched));
          matched = 0;
        }
        if (byte !== keys[matched]) passed.push(byte);
        else if (++matched === keys.length) {
          onDetach();
          return;
        }
      }
      done(null, Buffer.from(passed));
    },
    flush(done) {
      done(null, Buffer.from(keys.subarray(0, matched)));
    },
  });
}

const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";
const CONTROL = "@abcdefghijklmnopqrstuvwxyz[\\]^_";

/** Reads `ctrl-p,ctrl-q` or `a,b`; empty is the default (moby/term, ToBytes). */
export function parseDetachKeys(text: string): Uint8Array {
  const keys = (text === "" ? DEFAULT_DETACH_KEYS : text).split(",").map((key) => {
    const control = /^ctrl-(.)$/s.exec(key)?.[1];
    const code = control === undefined ? key.charCodeAt(0) : CONTROL.indexOf(control);
    if ((control === undefined && key.length !== 1) || code < 0 || code > 127) {
      throw invalid("detachKeys", `"${key}" is neither one character nor ctrl- and one of a-z @ [ \\ ] ^ _`);
    }
    return code;
  });
  return Uint8Array.from(keys);
}
