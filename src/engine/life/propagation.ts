import { readFileSync, realpathSync } from "node:fs";
import { unescapeOctal } from "../../kernel/mounts.ts";
import { InroError } from "../../oci/error.ts";

/**
 * mount_namespaces(7), "Shared subtrees": nothing comes from, or goes to, a mount that is not shared. Who asks for it would
 * wait for mounts that never show, so it is refused as dockerd does. INVALID_OPTION.
 */
export function checkPropagation(source: string, propagation: string): void {
  const wanted = /shared|slave/.exec(propagation)?.[0];
  if (wanted === undefined) return;
  const mount = mountOf(realpathSync(source));
  const fits = wanted === "shared" ? /^shared:/ : /^(shared|master):/;
  if (mount === undefined || mount.fields.some((field) => fits.test(field))) return;
  throw new InroError("INVALID_OPTION", {
    what: `cannot mount "${source}" with the propagation ${propagation}`,
    why: `path ${source} is mounted on ${mount.point} but it is not a ${wanted === "shared" ? "shared mount" : "shared or slave mount"}`,
    hint: `mount --make-shared ${mount.point}`,
    at: "--mount",
  });
}

interface Mount {
  readonly point: string;
  /** `shared:1`, `master:2`. */
  readonly fields: readonly string[];
}

/** proc_pid_mountinfo(5): the last one at the longest path that leads there. */
function mountOf(path: string): Mount | undefined {
  let found: Mount | undefined;
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    const [, , , , written = "", , ...more] = line.split(" ");
    const point = unescapeOctal(written);
    const leads = point === "/" || path === point || path.startsWith(`${point}/`);
    if (point !== "" && leads && point.length >= (found?.point.length ?? 0))
      found = { point, fields: more.slice(0, more.indexOf("-")) };
  }
  return found;
}
