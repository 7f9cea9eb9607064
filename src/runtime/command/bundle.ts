import { readFileSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { parseExactJson } from "../../oci/json.ts";
import type { RuntimeSpec, SpecProcess } from "../../oci/runtime-spec.ts";
import { absolutePath } from "../../platform/absolute-path.ts";

/** bundle.md: a folder with config.json; paths in it are relative to the folder. */
export interface Bundle {
  readonly path: string;
  readonly spec: RuntimeSpec;
  /** Absolute. */
  readonly rootfs: string;
}

export function readBundle(path: string): Bundle {
  const folder = absolutePath(process.cwd(), path);
  const spec = parseSpec(`${folder}/config.json`);
  if (typeof spec.root?.path !== "string")
    throw badSpec(folder, "it names no root file system", "/root/path");
  const mounts = (spec.mounts ?? []).map((mount) => {
    const bind =
      mount.type === "bind" || mount.options?.some((option) => option === "bind" || option === "rbind");
    return bind && mount.source !== undefined
      ? { ...mount, source: absolutePath(folder, mount.source) }
      : mount;
  });
  return { path: folder, spec: { ...spec, mounts }, rootfs: absolutePath(folder, spec.root.path) };
}

function parseSpec(path: string): RuntimeSpec {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new InroError("BUNDLE_INVALID", {
      what: `cannot read the bundle's "${path}"`,
      why: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : String(cause),
      hint: "name the bundle's folder with --bundle",
      cause,
    });
  }
  try {
    return checkShape(parseExactJson(text), path);
  } catch (cause) {
    if (cause instanceof InroError) throw cause;
    throw badSpec(path, `it is not JSON: ${(cause as Error).message}`, "");
  }
}

/** The few things whose absence would only be met deep in the compiler; the rest is checked where it is used. */
function checkShape(value: unknown, path: string): RuntimeSpec {
  const spec = value as Partial<RuntimeSpec> | null;
  if (typeof spec !== "object" || spec === null) throw badSpec(path, "it is not an object", "");
  if (typeof spec.ociVersion !== "string") throw badSpec(path, "it says no version", "/ociVersion");
  if (!/^1\./.test(spec.ociVersion))
    throw badSpec(path, `version ${spec.ociVersion} is not 1.x`, "/ociVersion");
  if (spec.process !== undefined) checkProcess(spec.process, path, "/process");
  return spec as RuntimeSpec;
}

/** The same for a process by itself, which `exec` is given; `at` points to it in the document. */
export function checkProcess(value: unknown, path: string, at: string): SpecProcess {
  const process = (value ?? {}) as Partial<SpecProcess>;
  if (!Array.isArray(process.args)) throw badSpec(path, "the process has no arguments", `${at}/args`);
  if (!process.cwd?.startsWith("/")) throw badSpec(path, "cwd is not an absolute path", `${at}/cwd`);
  if (typeof process.user?.uid !== "number") throw badSpec(path, "the process has no user", `${at}/user`);
  return process as SpecProcess;
}

function badSpec(path: string, why: string, at: string): InroError {
  return new InroError("SPEC_INVALID", { what: `cannot use the specification in "${path}"`, why, at });
}
