/** `--change` of commit and import: a Dockerfile's instructions that change a configuration and no file. */
import { type Config, configured, isSetting } from "../build/dockerfile/configure.ts";
import { DockerfileError } from "../build/dockerfile/error.ts";
import { parseChange } from "../build/dockerfile/parse.ts";
import { scopeOf } from "../build/dockerfile/scope.ts";
import { InroError } from "../oci/error.ts";

const WORDS =
  'changes are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME and WORKDIR, as in a Dockerfile: CMD ["nginx", "-g", "daemon off;"]';

/** The configuration after the instructions, one after the other. INVALID_OPTION names what is wrong with one. */
export function changed(config: Config, changes: readonly string[]): Config {
  let after = config;
  let hasOwnCommand = false;
  for (const change of changes) {
    after = { ...after, ...changeOf(after, change, hasOwnCommand) };
    hasOwnCommand ||= /^\s*cmd\s/i.test(change);
  }
  return after;
}

function changeOf(config: Config, change: string, hasOwnCommand: boolean): Partial<Config> {
  const { env } = scopeOf(config.Env);
  try {
    const instruction = parseChange(change);
    return isSetting(instruction)
      ? configured(config, instruction, (name) => env.get(name), hasOwnCommand)
      : {};
  } catch (cause) {
    if (!(cause instanceof DockerfileError)) throw cause;
    throw new InroError("INVALID_OPTION", {
      what: `cannot apply the change ${JSON.stringify(change.slice(0, 200))}`,
      why: cause.why,
      hint: cause.hint ?? WORDS,
      at: "changes",
      cause,
    });
  }
}
