/** Counts the bytes of the files in a tar as it passes by. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { TarError } from "./error.ts";
import { tarReader } from "./reader.ts";

export interface TarMeter {
  /** False where it is no tar that could be unpacked: what came before that counts. */
  see(chunk: Uint8Array): boolean;
  /** So many bytes of a file's data at most go by unseen; answers how many. */
  skip(most: number): number;
  readonly bytes: number;
}

export function tarMeter(): TarMeter {
  let bytes = 0;
  let isTar = true;
  const reader = tarReader({
    entry({ size }) {
      bytes += size;
    },
    data() {},
  });
  return {
    see(chunk) {
      try {
        if (isTar) reader.push(chunk);
      } catch (cause) {
        if (!(cause instanceof TarError)) throw cause;
        isTar = false;
      }
      return isTar;
    },
    skip: (most) => reader.skip(most),
    get bytes() {
      return bytes;
    },
  };
}

const LOOK = 64 * 1024;

/** Of a file that is one; its data is passed over. */
export function measureTar(path: string): number {
  const meter = tarMeter();
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.allocUnsafe(LOOK);
    for (let at = 0, isTar = true; isTar && at < size; at += meter.skip(size)) {
      const read = readSync(file, buffer, 0, LOOK, at);
      isTar = read > 0 && meter.see(buffer.subarray(0, read));
      at += read;
    }
    return meter.bytes;
  } finally {
    closeSync(file);
  }
}
