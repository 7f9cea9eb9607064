/** docker's build checks, as a build tells them, or as all that was asked for. */
import type { EngineImages } from "../engine/images.ts";
import type { ImageConfig } from "../oci/image-config.ts";
import { hostPlatform } from "../oci/platform.ts";
import type { IgnoreFile } from "./copy/request.ts";
import {
  type BaseImage,
  type CheckInputs,
  checkDockerfile,
  optionsOf,
  refuseFindings,
} from "./dockerfile/checks/check.ts";
import { findingsAsJson, printFindings, shortFinding } from "./dockerfile/checks/print.ts";
import { urlOf } from "./dockerfile/checks/rules.ts";
import type { Dockerfile } from "./dockerfile/dockerfile.ts";
import { platformArgs, unconsumed } from "./dockerfile/scope.ts";
import type { BuildEvent, Tell } from "./progress.ts";
import type { BuildRequest } from "./request.ts";

type Base = CheckInputs["base"];

export const baseImage = ({ config, os, architecture, variant }: ImageConfig): BaseImage => ({
  environment: config?.Env ?? [],
  hasShell: (config?.Shell ?? null) !== null,
  platform: { os, architecture, ...(variant ? { variant } : {}) },
});

/** What is known of an image without bringing it. */
export function hereOf(images: EngineImages, reference: string): BaseImage | undefined {
  try {
    return baseImage(images.resolve(reference).config);
  } catch {
    return undefined;
  }
}

function inputsOf(request: BuildRequest, ignore: IgnoreFile | null, base: Base): CheckInputs {
  const platform = platformArgs(
    hostPlatform(),
    request.platform ?? hostPlatform(),
    request.target ?? undefined,
  );
  return { given: request.args, platform, base, ignore: ignore?.rules };
}

/** The report of `--check`. */
export function checked(
  file: Dockerfile,
  request: BuildRequest,
  ignore: IgnoreFile | null,
  base: Base,
): BuildEvent {
  const findings = checkDockerfile(file, inputsOf(request, ignore, base));
  return {
    ...{ type: "checked", text: printFindings(file, findings), findings: findings.length },
    report: findingsAsJson(file, findings),
  };
}

/** Tells what was found. CHECKS_FAILED where the file wants that to be a failure. */
export function warn(
  file: Dockerfile,
  request: BuildRequest,
  ignore: IgnoreFile | null,
  base: Base,
  tell: Tell,
): void {
  const inputs = inputsOf(request, ignore, base);
  const findings = checkDockerfile(file, inputs);
  for (const finding of findings)
    tell({
      type: "warning",
      warning: { rule: finding.rule, message: shortFinding(finding), url: urlOf(finding.rule) },
    });
  const unused = unconsumed(declaredIn(file), request.args);
  if (unused.length > 0)
    tell({
      type: "warning",
      warning: {
        ...{ rule: "", url: "" },
        message: `One or more build-args [${unused.join(" ")}] were not consumed`,
      },
    });
  refuseFindings(findings, optionsOf(file, inputs));
}

const declaredIn = ({ globalArgs, stages }: Dockerfile): string[] =>
  [...globalArgs, ...stages.flatMap(({ instructions }) => instructions)].flatMap((instruction) =>
    instruction.kind === "arg" ? instruction.pairs.map(({ key }) => key.raw) : [],
  );
