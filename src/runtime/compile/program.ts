import { InroError } from "../../oci/error.ts";
import type { SpecProcess } from "../../oci/runtime-spec.ts";

/** What is searched when the environment names no PATH. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Where a program may be, in the order in which execvp(3) looks, in the container's own view: a name with a slash is taken
 * as it is, from the working directory (a script is told it as its own name).
 */
export function candidatesOf({ args, env = [], cwd }: Pick<SpecProcess, "args" | "env" | "cwd">): string[] {
  const [program] = args;
  if (program === undefined || program === "") {
    throw new InroError("COMMAND_MISSING", {
      what: "cannot start the container",
      why: "no command is given, and the image has none",
      hint: "name a command behind the image",
      at: "/process/args",
    });
  }
  if (program.includes("/")) return [program];
  const path = env.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
  return path.split(":").map((folder) => absolute(absolute(cwd, folder), program));
}

/** Joined without resolving `..`, which is the kernel's to do: a folder on the way may be a symbolic link. */
const absolute = (folder: string, name: string): string => {
  if (name.startsWith("/")) return name;
  if (name === "" || name === ".") return folder;
  return `${folder.replace(/\/+$/, "")}/${name}`;
};
