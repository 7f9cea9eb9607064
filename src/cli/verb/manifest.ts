import { at } from "../../client/client.ts";
import { registryHeaders } from "../credentials/header.ts";
import { each } from "../each.ts";
import { flag, list, text } from "../options/option.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

const insecure = flag("Without meaning here: registries.json says who is spoken to without TLS", {
  hidden: true,
});

export const create = verb({
  usage: "[OPTIONS] MANIFEST_LIST MANIFEST [MANIFEST...]",
  options: { amend: flag("Add to a list that is there", { short: "a" }), insecure },
  args: [2, ANY],
  examples: ["inro manifest create registry.example.com/app:1 registry.example.com/app:1-amd64"],
  async run({ client }, { options, args: [name = "", ...manifests] }) {
    const made = await client.json<{ Name: string }>({
      method: "POST",
      path: at`/inro/manifests/${name}/create`,
      query: { amend: options.amend },
      headers: await registryHeaders(name),
      body: { Manifests: manifests },
    });
    out(`Created manifest list ${made.Name}\n`);
    return 0;
  },
});

export const annotate = verb({
  usage: "[OPTIONS] MANIFEST_LIST MANIFEST",
  options: {
    arch: text("ARCH", "The architecture"),
    os: text("OS", "The operating system"),
    "os-version": text("VERSION", "Its version"),
    "os-features": list("FEATURE", "What it has to have"),
    variant: text("VARIANT", "The architecture's variant"),
  },
  args: [2, 2],
  examples: ["inro manifest annotate --arch arm64 --variant v8 app:1 app:1-arm"],
  async run({ client }, { options, args: [name = "", manifest = ""] }) {
    const features = options["os-features"];
    await client.send({
      method: "POST",
      path: at`/inro/manifests/${name}/annotate`,
      query: { manifest },
      body: {
        Os: options.os,
        Architecture: options.arch,
        Variant: options.variant,
        OsVersion: options["os-version"],
        OsFeatures: features.length === 0 ? undefined : features.flatMap((each) => each.split(",")),
      },
    });
    return 0;
  },
});

interface Inspected {
  readonly IsList: boolean;
  readonly Document: string;
  readonly Manifests: readonly { readonly Ref: string; readonly Descriptor: object; readonly Raw: string }[];
}

export const inspect = verb({
  usage: "[OPTIONS] [MANIFEST_LIST] MANIFEST",
  options: { verbose: flag("With the manifests themselves", { short: "v" }), insecure },
  args: [1, 2],
  async run({ client }, { options, args: [first = "", second] }) {
    const found = await client.json<Inspected>({
      method: "GET",
      path: at`/inro/manifests/${first}/json`,
      query: { manifest: second },
      headers: await registryHeaders(first),
    });
    out(`${options.verbose ? verbose(found) : documentOf(found)}\n`);
    return 0;
  },
});

/** Docker prints a list as it is pushed, and a manifest by tabs. */
const documentOf = ({ IsList: isList, Document: document }: Inspected) =>
  isList ? document : JSON.stringify(JSON.parse(document), null, "\t");

function verbose({ IsList: isList, Manifests: manifests }: Inspected): string {
  const all = manifests.map((each) => {
    const manifest = JSON.parse(Buffer.from(each.Raw, "base64").toString("utf8"));
    const isOci = /^application\/vnd\.oci\./.test(
      (each.Descriptor as { mediaType?: string }).mediaType ?? "",
    );
    return { ...each, [isOci ? "OCIManifest" : "SchemaV2Manifest"]: manifest };
  });
  return JSON.stringify(isList ? all : all[0], null, "\t");
}

export const push = verb({
  usage: "[OPTIONS] MANIFEST_LIST",
  options: { purge: flag("Remove the local list afterwards", { short: "p" }), insecure },
  args: [1, 1],
  async run({ client }, { options, args: [name = ""] }) {
    const pushed = await client.json<{ Digest: string; Copied: readonly string[] }>({
      method: "POST",
      path: at`/inro/manifests/${name}/push`,
      query: { purge: options.purge },
      headers: await registryHeaders(name),
    });
    for (const copied of pushed.Copied)
      out(`Pushed ref ${copied} with digest: ${copied.slice(copied.indexOf("@") + 1)}\n`);
    out(`${pushed.Digest}\n`);
    return 0;
  },
});

export const rm = verb({
  usage: "MANIFEST_LIST [MANIFEST_LIST...]",
  options: {},
  args: [1, ANY],
  run: ({ client }, { args }) =>
    each(args, async (name) => {
      await client.send({ method: "DELETE", path: at`/inro/manifests/${name}` });
    }),
});
