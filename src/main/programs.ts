import { readFileSync } from "node:fs";
import hello from "../../build/native/hello" with { type: "file" };
import native from "../../build/native/inro-native" with { type: "file" };
import { sealedProgram } from "../platform/memfd.ts";

/** The native program as a path that children can be started from; sealed in memory where the kernel can (R15). */
export function nativeProgram(): string {
  return sealedProgram("inro-native", readFileSync(native)) ?? native;
}

/** The program of the built-in image. */
export function helloProgram(): { readonly path: string } {
  return { path: hello };
}
