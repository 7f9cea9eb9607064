import { ptr } from "bun:ffi";
import { libc } from "./libc.ts";

/** execve(2): this process becomes another program, with this one's environment and more. Returns only when it cannot. */
export function becomeProgram(
  path: string,
  argv: readonly string[],
  more: Readonly<Record<string, string>> = {},
): void {
  const env = Object.entries({ ...process.env, ...more }).map(([name, value = ""]) => `${name}=${value}`);
  const kept: Buffer[] = [];
  const list = (texts: readonly string[]): BigUint64Array => {
    const buffers = texts.map((text) => Buffer.from(`${text}\0`));
    kept.push(...buffers);
    return new BigUint64Array([...buffers.map((buffer) => BigInt(ptr(buffer))), 0n]);
  };
  const [program, words, environment] = [Buffer.from(`${path}\0`), list(argv), list(env)];
  libc().execve(program, words, environment);
  kept.length = 0;
}
