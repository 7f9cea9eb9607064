import { expect } from "bun:test";
import { join } from "node:path";

const EXECUTABLE = join(import.meta.dir, "../../../build/inro-runtime");
const PATIENCE_MS = 60_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let count = 0;

/** A created container keeps its caller's streams, so they are files: the end of a pipe would never come. */
export async function execute(
  room: string,
  wrapper: readonly string[],
  words: readonly string[],
): Promise<Ran> {
  const [out, err] = [join(room, `out${++count}`), join(room, `err${count}`)];
  const command = [...wrapper, EXECUTABLE, "--root", join(room, "state"), ...words];
  const stdio = ["ignore", Bun.file(out), Bun.file(err)] as const;
  const child = Bun.spawn(command, { stdio: [...stdio], timeout: PATIENCE_MS, cwd: room, env: process.env });
  const code = await child.exited;
  return { code, stdout: await Bun.file(out).text(), stderr: await Bun.file(err).text() };
}

export function succeeded(ran: Ran): Ran {
  expect(ran).toMatchObject({ code: 0 });
  return ran;
}
