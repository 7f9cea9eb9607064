import type { ContainerOptions } from "../../engine/options.ts";
import { MASKED_PATHS, READONLY_PATHS } from "../../engine/spec/spec.ts";

export function privileges(options: ContainerOptions) {
  const { privileged, security } = options;
  // Docker's words for what the two of them come to.
  const open = privileged ? null : security.systemPaths === "unconfined" ? [] : undefined;
  return {
    CapAdd: options.capAdd.length === 0 ? null : options.capAdd.map((name) => `CAP_${name}`),
    CapDrop: options.capDrop.length === 0 ? null : options.capDrop.map((name) => `CAP_${name}`),
    Privileged: privileged,
    SecurityOpt: securityOptions(options),
    MaskedPaths: open !== undefined ? open : (options.maskedPaths ?? MASKED_PATHS),
    ReadonlyPaths: open !== undefined ? open : (options.readonlyPaths ?? READONLY_PATHS),
  };
}

function securityOptions({ security, privileged }: ContainerOptions): string[] | null {
  const { seccomp } = security;
  const found = [
    ...(seccomp.kind === "unconfined" ? ["seccomp=unconfined"] : []),
    ...(seccomp.kind === "profile" ? [`seccomp=${seccomp.text}`] : []),
    ...(security.noNewPrivileges ? ["no-new-privileges"] : []),
    ...(privileged ? ["label=disable"] : []),
  ];
  return found.length === 0 ? null : found;
}
