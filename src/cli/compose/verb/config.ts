import { writeFileSync } from "node:fs";
import { flag, text } from "../../options/option.ts";
import { UsageError } from "../../options/usage-error.ts";
import { out } from "../../terminal/output.ts";
import { ANY } from "../../verb.ts";
import { composeVerb } from "../verb.ts";

export const config = composeVerb({
  usage: "[OPTIONS] [SERVICE...]",
  options: {
    format: text("FORMAT", "yaml (default) or json", { words: ["yaml", "json"] }),
    output: text("FILE", "Write it to a file", { short: "o" }),
    quiet: flag("Only say what is wrong", { short: "q" }),
    services: flag("Names of services, a line each"),
    volumes: flag("Names of volumes, a line each"),
    networks: flag("Names of networks, a line each"),
    images: flag("Names of images, a line each"),
    profiles: flag("Names of profiles, a line each"),
    models: flag("Names of models, a line each"),
    hash: text("SERVICES", "Services, or '*', with the hash of what their containers are made of"),
    variables: flag("The variables that the files name, and what they have where these are not set"),
    environment: flag("The variables that the files see"),
    "no-interpolate": flag("Leave variables as they are written"),
    "no-normalize": flag("Leave out what is only understood"),
    "no-consistency": flag("Do not check whether what is named is there"),
    "no-path-resolution": flag("Leave paths as they are written"),
    "no-env-resolution": flag("Leave env_file as it is written"),
    "resolve-image-digests": flag("With the digests that images' names mean at their registries"),
    "lock-image-digests": flag("Only images and their digests, as a file to merge"),
  },
  args: [0, ANY],
  examples: [
    "inro compose config -q",
    "inro compose config --format json web",
    "inro compose config --hash '*'",
  ],
  async run(app, { options, args }) {
    const { format = "yaml" } = options;
    if (format !== "yaml" && format !== "json")
      throw new UsageError(`cannot use "${format}" for --format: there are yaml, json`, 1);
    const { configText } = await import("../config.ts");
    const shown = await configText(app, args, { ...options, format });
    if (options.quiet) return 0;
    if (options.output === undefined) out(shown);
    else writeFileSync(options.output, shown);
    return 0;
  },
});
