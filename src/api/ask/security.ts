import { type ContainerOptions, DEFAULT_OPTIONS, type SecurityOptions } from "../../engine/options.ts";
import { parseExactJson } from "../../oci/json.ts";
import { seccompProfileShape } from "../../oci/seccomp-profile-shape.ts";
import { type Asked, invalid, texts, textsOrNull } from "../asked.ts";

/** SecurityOpt and the two path lists, into which the docker CLI turns `systempaths=unconfined`. */
export function security(host: Asked): Pick<ContainerOptions, "security" | "maskedPaths" | "readonlyPaths"> {
  return {
    security: { ...DEFAULT_OPTIONS.security, ...securityOptions(host) },
    maskedPaths: textsOrNull(host, "MaskedPaths"),
    readonlyPaths: textsOrNull(host, "ReadonlyPaths"),
  };
}

/** Of SecurityOpt, what is said there. */
export function securityOptions(host: Asked): Partial<SecurityOptions> {
  const said = texts(host, "SecurityOpt").map((option, index) =>
    one(option, `${host.at}SecurityOpt[${index}]`),
  );
  return Object.assign({}, ...said);
}

/** `name=value`; `name:value` is the old spelling. */
function one(option: string, at: string): Partial<SecurityOptions> {
  const split = /^([a-z-]+)[=:](.*)$/s.exec(option);
  const [name, value] = split === null ? [option, ""] : [split[1] ?? "", split[2] ?? ""];
  switch (name) {
    case "no-new-privileges":
      return { noNewPrivileges: truth(value, at) };
    case "seccomp":
      return { seccomp: seccomp(value, at) };
    case "systempaths":
      if (value !== "unconfined") throw invalid(at, `"${value}" is not unconfined`);
      return { systemPaths: "unconfined" };
    case "apparmor":
      // No profile is set by us in any case; another one than none cannot be promised.
      if (value !== "unconfined") throw invalid(at, "AppArmor profiles are not supported yet");
      return {};
    case "label":
      // As dockerd where SELinux is off.
      return {};
    default:
      throw invalid(at, `invalid --security-opt: "${option}"`);
  }
}

function truth(value: string, at: string): boolean {
  if (["", "true", "1", "t", "T", "TRUE", "True"].includes(value)) return true;
  if (["false", "0", "f", "F", "FALSE", "False"].includes(value)) return false;
  throw invalid(at, `"${value}" is neither true nor false`);
}

/** The CLI sends the profile itself, not its path. */
function seccomp(value: string, at: string): SecurityOptions["seccomp"] {
  if (value === "unconfined") return { kind: "unconfined" };
  if (value === "" || value === "builtin") return { kind: "default" };
  const misfit = seccompProfileShape(parsed(value, at));
  if (misfit !== undefined)
    throw invalid(at, `the seccomp profile does not fit: ${misfit.at}: ${misfit.why}`);
  return { kind: "profile", text: value };
}

function parsed(profile: string, at: string): unknown {
  try {
    return parseExactJson(profile);
  } catch (error) {
    throw invalid(at, `the seccomp profile is not JSON: ${(error as Error).message}`);
  }
}
