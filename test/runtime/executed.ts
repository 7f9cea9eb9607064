/** Programs executed in a container of the tests. */
import { exitCode } from "../../src/oci/exit.ts";
import type { SpecProcess } from "../../src/oci/runtime-spec.ts";
import type { Container } from "../../src/runtime/runtime.ts";
import { process as typicalProcess } from "./compile/spec.ts";

let count = 0;

/** Runs a line for the container's shell to its end: its code, and what it wrote to both outputs. */
export async function ended(container: Container, script: string, process: Partial<SpecProcess> = {}) {
  const session = await container.exec({
    id: `e${++count}`,
    process: { ...typicalProcess, rlimits: [], args: ["sh", "-c", script], ...process },
    openStdin: false,
    attach: { stdin: false, stdout: true, stderr: true },
  });
  const chunks: Buffer[] = [];
  for await (const chunk of session.stream) chunks.push(chunk as Buffer);
  const exit = await session.exited;
  const raw = Buffer.concat(chunks);
  return {
    code: exitCode(exit),
    output: process.terminal === true ? raw.toString() : unframed(raw),
    session,
  };
}

/** Docker's frames: 1 byte stream, 3 zero, u32 big endian length. */
function unframed(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    text += bytes.toString("utf8", at + 8, at + 8 + length);
    at += 8 + length;
  }
  return text;
}
