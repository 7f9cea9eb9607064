import { InroError } from "../../oci/error.ts";
import { parseExactJson } from "../../oci/json.ts";
import type { RuntimeSpec, SpecCapabilities, SpecProcess, SpecUser } from "../../oci/runtime-spec.ts";
import { checkProcess } from "./bundle.ts";
import { type Caller, readCallersFile } from "./caller.ts";
import type { Invocation } from "./commands.ts";
import { withHome } from "./home.ts";
import { badFlag } from "./options.ts";

/** What exec is to start: a process of the specification's form from a file, or the container's own with other words. */
export async function execProcess(
  invocation: Invocation,
  spec: RuntimeSpec,
  rootfs: string,
  env: readonly string[],
): Promise<SpecProcess> {
  const file = invocation.values.get("process");
  const wanted = file === undefined ? fromFlags(invocation, spec) : await fromFile(invocation.caller, file);
  const process = { ...wanted, env: [...(wanted.env ?? []), ...env] };
  return withHome({ ...spec, process }, rootfs).process ?? process;
}

async function fromFile(caller: Caller, path: string): Promise<SpecProcess> {
  try {
    return checkProcess(parseExactJson((await readCallersFile(caller, path)).toString()), path);
  } catch (cause) {
    if (cause instanceof InroError) throw cause;
    throw new InroError("SPEC_INVALID", {
      what: `cannot use the process in "${path}"`,
      why: (cause as Error).message,
      at: "--process",
      cause,
    });
  }
}

function fromFlags({ operands, values, flags, lists }: Invocation, { process }: RuntimeSpec): SpecProcess {
  const args = operands.slice(1);
  if (args.length === 0) {
    throw new InroError("USAGE", {
      what: "cannot execute a program in the container",
      why: "no command is named",
      hint: "write it behind the container's id, or name a file with --process",
    });
  }
  if (process === undefined) throw new Error("a container without a process cannot have been created");
  const { consoleSize: _, ...own } = process;
  const [apparmorProfile, selinuxLabel] = [values.get("apparmor"), values.get("process-label")];
  return {
    ...own,
    args,
    cwd: values.get("cwd") ?? own.cwd,
    env: [...(own.env ?? []), ...(lists.get("env") ?? [])],
    terminal: flags.has("tty"),
    user: userOf(own.user, values.get("user"), lists.get("additional-gids") ?? []),
    capabilities: capabilitiesOf(own, lists.get("cap") ?? []),
    ...(flags.has("no-new-privs") ? { noNewPrivileges: true } : {}),
    ...(apparmorProfile === undefined ? {} : { apparmorProfile }),
    ...(selinuxLabel === undefined ? {} : { selinuxLabel }),
  };
}

/** `UID[:GID]`; whether the numbers can be ids is checked where they are used (R20). */
function userOf(own: SpecUser, asked: string | undefined, more: readonly string[]): SpecUser {
  const [, uid = String(own.uid), gid = String(own.gid)] =
    asked === undefined ? [] : (/^(\d+)(?::(\d+))?$/.exec(asked) ?? fail(`--user ${asked}`));
  const additional = more.map((text) =>
    /^\d+$/.test(text) ? Number(text) : fail(`--additional-gids ${text}`),
  );
  const additionalGids = [...(own.additionalGids ?? []), ...additional];
  return { ...own, uid: Number(uid), gid: Number(gid), additionalGids };
}

function fail(flag: string): never {
  throw badFlag(flag, "an id is a number");
}

/** As runc has it: ambient only where something is inheritable, since it would not take effect otherwise. */
function capabilitiesOf({ capabilities = {} }: SpecProcess, more: readonly string[]): SpecCapabilities {
  if (more.length === 0) return capabilities;
  const add = (names: readonly string[] = []): string[] => [...names, ...more];
  const { bounding, effective, permitted, inheritable, ambient } = capabilities;
  return {
    ...capabilities,
    bounding: add(bounding),
    effective: add(effective),
    permitted: add(permitted),
    ...(inheritable === undefined ? {} : { ambient: add(ambient) }),
  };
}
