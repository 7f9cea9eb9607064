import { UsageError } from "../options/usage-error.ts";

const CONTROL = "@abcdefghijklmnopqrstuvwxyz[\\]^_";

/** Reads `ctrl-p,ctrl-q` or `a,b`; empty is the default. Throws an Error that says why it cannot. */
export function detachKeys(text: string): Uint8Array {
  const codes = (text === "" ? "ctrl-p,ctrl-q" : text).split(",").map((key) => {
    const control = /^ctrl-(.)$/is.exec(key)?.[1];
    const code = control === undefined ? key.charCodeAt(0) : CONTROL.indexOf(control.toLowerCase());
    if ((control === undefined && key.length !== 1) || code < 0 || code > 127)
      // As docker, which hands them to the engine.
      throw new UsageError(`"${key}" is neither one character nor ctrl- and one of a-z @ [ \\ ] ^ _`, 1);
    return code;
  });
  return Uint8Array.from(codes);
}

/** For an option: the text as it is, when it can be read. The engine gets it too, or its default keys would count. */
export function checkedKeys(text: string): string {
  detachKeys(text);
  return text;
}

export interface Scanned {
  /** What is to be passed on. */
  readonly bytes: Uint8Array;
  readonly detached: boolean;
}

/** Looks for the keys in what is typed; what may become the sequence is held back until it cannot any more. */
export function detachScanner(keys: Uint8Array): (chunk: Uint8Array) => Scanned {
  let matched = 0;
  return (chunk) => {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (byte !== keys[matched]) {
        passed.push(...keys.subarray(0, matched));
        matched = 0;
      }
      if (byte !== keys[matched]) passed.push(byte);
      else if (++matched === keys.length) return { bytes: Uint8Array.from(passed), detached: true };
    }
    return { bytes: passed.length === chunk.length ? chunk : Uint8Array.from(passed), detached: false };
  };
}
