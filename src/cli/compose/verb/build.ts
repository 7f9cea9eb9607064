import { flag, list, read, text } from "../../options/option.ts";
import { size } from "../../options/readers.ts";
import { UsageError } from "../../options/usage-error.ts";
import { ANY } from "../../verb.ts";
import { buildImages, pushImages } from "../images/several.ts";
import { composeVerb } from "../verb.ts";

const hidden = { hidden: true };

export const build = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    "build-arg": list("NAME[=VALUE]", "Set a build argument; without a value, take this shell's"),
    memory: read("SIZE", size, "Memory limit of each step", { short: "m" }),
    "no-cache": flag("Make every step anew"),
    pull: flag("Ask registries for base images that are here, too"),
    push: flag("Push the images"),
    quiet: flag("Without telling what is done", { short: "q" }),
    ssh: list("default|ID[=SOCKET]", "Give RUN --mount=type=ssh an agent's socket"),
    "with-dependencies": flag("What services depend on, too"),
    check: flag("buildx's: inro build --check", hidden),
    builder: text("NAME", "buildx's: there is one builder", hidden),
    "no-rm": flag("No intermediate containers are kept", hidden),
    "force-rm": flag("No intermediate containers are kept", hidden),
    compress: flag("The context is not compressed on its way to this machine", hidden),
    print: flag("buildx bake's", hidden),
    provenance: text("WHAT", "buildx's: only false", hidden),
    sbom: text("WHAT", "buildx's: only false", hidden),
  },
  args: [0, ANY],
  examples: ["inro compose build --pull web", "inro compose build --build-arg VERSION=2"],
  async run(app, { options, args: services }) {
    for (const name of ["check", "print"] as const)
      if (options[name]) throw new UsageError(`--${name} is not part of inro compose: inro build has it`, 1);
    const project = await app.project(services);
    await buildImages(app, project, {
      ...{ services, dependencies: options["with-dependencies"], quiet: options.quiet },
      asked: {
        args: options["build-arg"],
        ...{ noCache: options["no-cache"], pull: options.pull, memory: options.memory, ssh: options.ssh },
      },
    });
    if (options.push)
      await pushImages(app, project, {
        services,
        dependencies: false,
        quiet: options.quiet,
        ignoreFailures: false,
      });
    return 0;
  },
});
