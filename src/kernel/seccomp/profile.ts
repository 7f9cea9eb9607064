/**
 * Docker's profile format: rules with conditions on architecture, capabilities and kernel, resolved into what the OCI
 * specification takes. default-profile.json is moby/profiles' default profile, unchanged (Apache-2.0, The Moby Authors,
 * https://github.com/moby/profiles, read on 2026-11-23).
 */
import type { SeccompRule, SpecSeccomp } from "../../oci/runtime-spec.ts";
import { badSeccomp } from "./actions.ts";
import { ARCHITECTURES, type NativeArchitecture, TWIN } from "./architecture.ts";

interface ProfileCondition {
  readonly arches?: readonly string[];
  readonly caps?: readonly string[];
  readonly minKernel?: string;
}

interface ProfileRule extends Omit<SeccompRule, "names" | "args" | "errnoRet"> {
  readonly names?: readonly string[];
  /** An older way to write one name. */
  readonly name?: string;
  readonly errnoRet?: number | null;
  readonly args?: SeccompRule["args"] | null;
  readonly includes?: ProfileCondition | null;
  readonly excludes?: ProfileCondition | null;
}

export interface SeccompProfile extends Omit<SpecSeccomp, "syscalls" | "architectures"> {
  readonly architectures?: readonly string[] | null;
  readonly archMap?: readonly unknown[] | null;
  readonly syscalls?: readonly ProfileRule[] | null;
}

export interface ProfileFacts {
  readonly architecture: NativeArchitecture;
  /** The bounding set, `CAP_…` names. */
  readonly capabilities: readonly string[];
  /** Of uname(2): [6, 18]. */
  readonly kernel: readonly [number, number];
}

/** The rules of a profile that hold for these facts, as `linux.seccomp`. */
export function resolveProfile(profile: SeccompProfile, facts: ProfileFacts): SpecSeccomp {
  const syscalls = (profile.syscalls ?? []).flatMap((rule, index) => resolveRule(rule, facts, index));
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: [ARCHITECTURES[facts.architecture].oci, ARCHITECTURES[TWIN[facts.architecture]].oci],
    ...(profile.flags === undefined ? {} : { flags: profile.flags }),
    ...(profile.listenerPath === undefined ? {} : { listenerPath: profile.listenerPath }),
    ...(profile.listenerMetadata === undefined ? {} : { listenerMetadata: profile.listenerMetadata }),
    syscalls,
  };
}

function resolveRule(rule: ProfileRule, facts: ProfileFacts, index: number): SeccompRule[] {
  const names = rule.names ?? (rule.name === undefined ? [] : [rule.name]);
  if (names.length === 0) throw badSeccomp(`/syscalls/${index}`, "the rule names no system call");
  if (!included(rule.includes ?? {}, facts) || excluded(rule.excludes ?? {}, facts)) return [];
  return [
    {
      names,
      action: rule.action,
      ...(rule.errnoRet == null ? {} : { errnoRet: rule.errnoRet }),
      ...(rule.args == null ? {} : { args: rule.args }),
    },
  ];
}

function included(condition: ProfileCondition, facts: ProfileFacts): boolean {
  const { arches, caps, minKernel } = condition;
  if (arches !== undefined && arches.length > 0 && !matchesArchitecture(arches, facts)) return false;
  if (caps?.some((name) => !facts.capabilities.includes(name))) return false;
  return minKernel === undefined || minKernel === "" || kernelAtLeast(facts, minKernel);
}

function excluded(condition: ProfileCondition, facts: ProfileFacts): boolean {
  const { arches, caps, minKernel } = condition;
  if (arches !== undefined && matchesArchitecture(arches, facts)) return true;
  if (caps?.some((name) => facts.capabilities.includes(name))) return true;
  return minKernel !== undefined && minKernel !== "" && kernelAtLeast(facts, minKernel);
}

const matchesArchitecture = (arches: readonly string[], facts: ProfileFacts): boolean =>
  arches.includes(ARCHITECTURES[facts.architecture].profile);

function kernelAtLeast(facts: ProfileFacts, wanted: string): boolean {
  const [major = 0, minor = 0] = wanted.split(".").map(Number);
  const [ownMajor, ownMinor] = facts.kernel;
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
