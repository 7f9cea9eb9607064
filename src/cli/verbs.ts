import type { OptionTable } from "./options/option.ts";
import type { Verb } from "./verb.ts";

export interface Entry {
  /** The first is the one that help shows; a word before it is the noun it belongs to. */
  readonly names: readonly string[];
  readonly group: string;
  readonly summary: string;
  /** For programs, not for people. */
  readonly hidden?: true;
  readonly load: () => Promise<Verb<OptionTable>>;
}

const containers = "Containers";
const images = "Images";
const inside = "Inside and around";
const engine = "Engine";

/** Every verb; its file is loaded when it is used. */
export const verbs: readonly Entry[] = [
  {
    names: ["run", "container run"],
    group: containers,
    summary: "Make a container from an image and start it",
    load: async () => (await import("./verb/run.ts")).run,
  },
  {
    names: ["explain", "container explain"],
    group: containers,
    summary: "Show the kernel operations that set a container up, and why each is there",
    load: async () => (await import("./verb/explain.ts")).explain,
  },
  {
    names: ["ps", "container ls", "container list", "container ps"],
    group: containers,
    summary: "List containers",
    load: async () => (await import("./verb/ps.ts")).ps,
  },
  {
    names: ["create", "container create"],
    group: containers,
    summary: "Make a container without starting it",
    load: async () => (await import("./verb/create.ts")).create,
  },
  {
    names: ["start", "container start"],
    group: containers,
    summary: "Start containers",
    load: async () => (await import("./verb/start.ts")).start,
  },
  {
    names: ["stop", "container stop"],
    group: containers,
    summary: "Stop containers: a signal, a wait, then SIGKILL",
    load: async () => (await import("./verb/stop.ts")).stop,
  },
  {
    names: ["restart", "container restart"],
    group: containers,
    summary: "Stop and start containers",
    load: async () => (await import("./verb/restart.ts")).restart,
  },
  {
    names: ["kill", "container kill"],
    group: containers,
    summary: "Send containers a signal",
    load: async () => (await import("./verb/kill.ts")).kill,
  },
  {
    names: ["wait", "container wait"],
    group: containers,
    summary: "Wait until containers end and print their exit codes",
    load: async () => (await import("./verb/wait.ts")).wait,
  },
  {
    names: ["pause", "container pause"],
    group: containers,
    summary: "Freeze all processes of containers",
    load: async () => (await import("./verb/pause.ts")).pause,
  },
  {
    names: ["unpause", "container unpause"],
    group: containers,
    summary: "Let frozen containers go on",
    load: async () => (await import("./verb/pause.ts")).unpause,
  },
  {
    names: ["update", "container update"],
    group: containers,
    summary: "Change containers' limits and restart policy, at once",
    load: async () => (await import("./verb/update.ts")).update,
  },
  {
    names: ["edit", "container edit"],
    group: containers,
    summary:
      "Change a container's ports, labels, environment, mounts, limits and more, live where that can be",
    load: async () => (await import("./verb/edit.ts")).edit,
  },
  {
    names: ["rename", "container rename"],
    group: containers,
    summary: "Give a container another name",
    load: async () => (await import("./verb/rename.ts")).rename,
  },
  {
    names: ["rm", "container rm", "container remove"],
    group: containers,
    summary: "Remove containers",
    load: async () => (await import("./verb/rm.ts")).rm,
  },
  {
    names: ["container prune"],
    group: containers,
    summary: "Remove all containers that do not run",
    load: async () => (await import("./verb/prune.ts")).containerPrune,
  },
  {
    names: ["exec", "container exec"],
    group: inside,
    summary: "Run a command in a running container",
    load: async () => (await import("./verb/exec.ts")).exec,
  },
  {
    names: ["attach", "container attach"],
    group: inside,
    summary: "Join a running container's input and output",
    load: async () => (await import("./verb/attach.ts")).attach,
  },
  {
    names: ["logs", "container logs"],
    group: inside,
    summary: "Show what a container wrote",
    load: async () => (await import("./verb/logs.ts")).logs,
  },
  {
    names: ["cp", "container cp"],
    group: inside,
    summary: "Copy files into or out of a container",
    load: async () => (await import("./verb/cp.ts")).cp,
  },
  {
    names: ["export", "container export"],
    group: inside,
    summary: "Write a container's files as a tar archive",
    load: async () => (await import("./verb/export.ts")).exportFiles,
  },
  {
    names: ["diff", "container diff"],
    group: inside,
    summary: "Show which files a container changed",
    load: async () => (await import("./verb/diff.ts")).diff,
  },
  {
    names: ["commit", "container commit"],
    group: inside,
    summary: "Make an image of a container's changes",
    load: async () => (await import("./verb/commit.ts")).commit,
  },
  {
    names: ["top", "container top"],
    group: inside,
    summary: "Show a container's processes",
    load: async () => (await import("./verb/top.ts")).top,
  },
  {
    names: ["stats", "container stats"],
    group: inside,
    summary: "Show what containers use, live",
    load: async () => (await import("./verb/stats.ts")).stats,
  },
  {
    names: ["port", "container port"],
    group: inside,
    summary: "Show a container's published ports",
    load: async () => (await import("./verb/port.ts")).port,
  },
  {
    names: ["inspect"],
    group: inside,
    summary: "Show all that is known about containers, images, volumes and networks",
    load: async () => (await import("./verb/inspect.ts")).inspect,
  },
  {
    names: ["container inspect"],
    group: inside,
    summary: "Show all that is known about containers",
    load: async () => (await import("./verb/inspect.ts")).inspectContainer,
  },
  {
    names: ["build", "image build", "builder build", "buildx build"],
    group: images,
    summary: "Build an image from a Dockerfile",
    load: async () => (await import("./verb/build.ts")).build,
  },
  {
    names: ["builder ls", "builder list", "builder history"],
    group: images,
    summary: "List the builds that were",
    load: async () => (await import("./verb/builder.ts")).builderLs,
  },
  {
    names: ["builder logs"],
    group: images,
    summary: "Show what a build told, the last one unless another is named",
    load: async () => (await import("./verb/builder.ts")).builderLogs,
  },
  {
    names: ["pull", "image pull"],
    group: images,
    summary: "Fetch an image from a registry",
    load: async () => (await import("./verb/pull.ts")).pull,
  },
  {
    names: ["push", "image push"],
    group: images,
    summary: "Send an image to a registry",
    load: async () => (await import("./verb/push.ts")).push,
  },
  {
    names: ["images", "image ls", "image list"],
    group: images,
    summary: "List images",
    load: async () => (await import("./verb/images.ts")).images,
  },
  {
    names: ["load", "image load"],
    group: images,
    summary: "Read images from a tar archive",
    load: async () => (await import("./verb/load.ts")).load,
  },
  {
    names: ["import", "image import"],
    group: images,
    summary: "Make an image of a root file system's tar",
    load: async () => (await import("./verb/import.ts")).importTar,
  },
  {
    names: ["save", "image save"],
    group: images,
    summary: "Write images as a tar archive",
    load: async () => (await import("./verb/save.ts")).save,
  },
  {
    names: ["tag", "image tag"],
    group: images,
    summary: "Give an image another name",
    load: async () => (await import("./verb/tag.ts")).tag,
  },
  {
    names: ["history", "image history"],
    group: images,
    summary: "Show how an image was made, layer by layer",
    load: async () => (await import("./verb/history.ts")).history,
  },
  {
    names: ["rmi", "image rm", "image remove"],
    group: images,
    summary: "Remove images",
    load: async () => (await import("./verb/rmi.ts")).rmi,
  },
  {
    names: ["image layers", "image tree"],
    group: images,
    summary: "Show what each layer weighs, with whom it is shared, and what of it is wasted",
    load: async () => (await import("./verb/image-contents.ts")).layers,
  },
  {
    names: ["image diff"],
    group: images,
    summary: "Show which files differ between two images, or an image and a container",
    load: async () => (await import("./verb/image-contents.ts")).diff,
  },
  {
    names: ["manifest create"],
    group: images,
    summary: "Put a list together of manifests that are at a registry",
    load: async () => (await import("./verb/manifest.ts")).create,
  },
  {
    names: ["manifest annotate"],
    group: images,
    summary: "Say which platform a manifest of a list is for",
    load: async () => (await import("./verb/manifest.ts")).annotate,
  },
  {
    names: ["manifest inspect"],
    group: images,
    summary: "Show a manifest, or a list of them",
    load: async () => (await import("./verb/manifest.ts")).inspect,
  },
  {
    names: ["manifest push"],
    group: images,
    summary: "Send a manifest list to its registry",
    load: async () => (await import("./verb/manifest.ts")).push,
  },
  {
    names: ["manifest rm"],
    group: images,
    summary: "Remove manifest lists that are here",
    load: async () => (await import("./verb/manifest.ts")).rm,
  },
  {
    names: ["login"],
    group: images,
    summary: "Log in to a registry",
    load: async () => (await import("./verb/login.ts")).login,
  },
  {
    names: ["logout"],
    group: images,
    summary: "Forget what logs in to a registry",
    load: async () => (await import("./verb/logout.ts")).logout,
  },
  {
    names: ["image prune"],
    group: images,
    summary: "Remove images without a name, or all that no container uses",
    load: async () => (await import("./verb/prune.ts")).imagePrune,
  },
  {
    names: ["image inspect"],
    group: images,
    summary: "Show all that is known about images",
    load: async () => (await import("./verb/inspect.ts")).inspectImage,
  },
  {
    names: ["image sign"],
    group: images,
    summary: "Sign an image with a key, beside it at its registry",
    load: async () => (await import("./verb/image-sign.ts")).imageSign,
  },
  {
    names: ["image verify"],
    group: images,
    summary: "Look for an image's signature by keys, or as the trust policy wants it",
    load: async () => (await import("./verb/image-verify.ts")).imageVerify,
  },
  {
    names: ["image trust"],
    group: images,
    summary: "Show and edit the policy of which images may be pulled and run",
    load: async () => (await import("./verb/image-trust.ts")).imageTrust,
  },
  {
    names: ["image keygen"],
    group: images,
    summary: "Make a pair of keys to sign images with",
    load: async () => (await import("./verb/image-keygen.ts")).imageKeygen,
  },
  {
    names: ["volume create"],
    group: "Volumes",
    summary: "Make a volume",
    load: async () => (await import("./verb/volume.ts")).create,
  },
  {
    names: ["volume ls", "volume list"],
    group: "Volumes",
    summary: "List volumes",
    load: async () => (await import("./verb/volume.ts")).ls,
  },
  {
    names: ["volume inspect"],
    group: "Volumes",
    summary: "Show all that is known about volumes",
    load: async () => (await import("./verb/inspect.ts")).inspectVolume,
  },
  {
    names: ["volume rename"],
    group: engine,
    summary: "Give a volume another name, in its containers too",
    load: async () => (await import("./verb/volume.ts")).rename,
  },
  {
    names: ["volume clone"],
    group: engine,
    summary: "Make a volume with the same files",
    load: async () => (await import("./verb/volume.ts")).clone,
  },
  {
    names: ["volume export"],
    group: engine,
    summary: "Write a volume's files as a tar archive",
    load: async () => (await import("./verb/volume.ts")).exportVolume,
  },
  {
    names: ["volume import"],
    group: engine,
    summary: "Make a volume of a tar archive",
    load: async () => (await import("./verb/volume.ts")).importVolume,
  },
  {
    names: ["volume prune"],
    group: "Volumes",
    summary: "Remove volumes that no container uses",
    load: async () => (await import("./verb/prune.ts")).volumePrune,
  },
  {
    names: ["volume rm", "volume remove"],
    group: "Volumes",
    summary: "Remove volumes",
    load: async () => (await import("./verb/volume.ts")).rm,
  },
  {
    names: ["network create"],
    group: "Networks",
    summary: "Make a network",
    load: async () => (await import("./verb/network-create.ts")).create,
  },
  {
    names: ["network connect"],
    group: "Networks",
    summary: "Connect a container with a network",
    load: async () => (await import("./verb/network-connect.ts")).connect,
  },
  {
    names: ["network disconnect"],
    group: "Networks",
    summary: "Disconnect a container from a network",
    load: async () => (await import("./verb/network-connect.ts")).disconnect,
  },
  {
    names: ["network rm", "network remove"],
    group: "Networks",
    summary: "Remove networks",
    load: async () => (await import("./verb/network.ts")).rm,
  },
  {
    names: ["network prune"],
    group: "Networks",
    summary: "Remove networks that no container uses",
    load: async () => (await import("./verb/prune.ts")).networkPrune,
  },
  {
    names: ["network ls", "network list"],
    group: "Networks",
    summary: "List networks",
    load: async () => (await import("./verb/network.ts")).ls,
  },
  {
    names: ["network inspect"],
    group: "Networks",
    summary: "Show all that is known about networks",
    load: async () => (await import("./verb/inspect.ts")).inspectNetwork,
  },
  {
    names: ["compose up"],
    group: "The application",
    summary: "Make and start all that the file says, and change what is otherwise",
    load: async () => (await import("./compose/verb/up.ts")).up,
  },
  {
    names: ["compose down"],
    group: "The application",
    summary: "Stop and remove containers and networks",
    load: async () => (await import("./compose/verb/down.ts")).down,
  },
  {
    names: ["compose create"],
    group: "The application",
    summary: "Make what the file says without starting it",
    load: async () => (await import("./compose/verb/create.ts")).create,
  },
  {
    names: ["compose start"],
    group: "The application",
    summary: "Start services that were made",
    load: async () => (await import("./compose/verb/start.ts")).start,
  },
  {
    names: ["compose stop"],
    group: "The application",
    summary: "Stop services",
    load: async () => (await import("./compose/verb/stop.ts")).stop,
  },
  {
    names: ["compose restart"],
    group: "The application",
    summary: "Stop and start services",
    load: async () => (await import("./compose/verb/restart.ts")).restart,
  },
  {
    names: ["compose kill"],
    group: "The application",
    summary: "Send services a signal",
    load: async () => (await import("./compose/verb/kill.ts")).kill,
  },
  {
    names: ["compose rm"],
    group: "The application",
    summary: "Remove services' containers that do not run",
    load: async () => (await import("./compose/verb/rm.ts")).rm,
  },
  {
    names: ["compose pause"],
    group: "The application",
    summary: "Freeze services",
    load: async () => (await import("./compose/verb/pause.ts")).pause,
  },
  {
    names: ["compose unpause"],
    group: "The application",
    summary: "Let frozen services go on",
    load: async () => (await import("./compose/verb/pause.ts")).unpause,
  },
  {
    names: ["compose scale"],
    group: "The application",
    summary: "Have more or fewer containers of a service",
    load: async () => (await import("./compose/verb/scale.ts")).scale,
  },
  {
    names: ["compose wait"],
    group: "The application",
    summary: "Wait until the first of some services ends",
    load: async () => (await import("./compose/verb/wait.ts")).wait,
  },
  {
    names: ["compose ps"],
    group: "What it does",
    summary: "List its containers",
    load: async () => (await import("./compose/verb/ps.ts")).ps,
  },
  {
    names: ["compose ls"],
    group: "What it does",
    summary: "List applications",
    load: async () => (await import("./compose/verb/ls.ts")).ls,
  },
  {
    names: ["compose logs"],
    group: "What it does",
    summary: "Show what its containers wrote, in the order of time",
    load: async () => (await import("./compose/verb/logs.ts")).logs,
  },
  {
    names: ["compose events"],
    group: "What it does",
    summary: "Show what happens to its containers, live",
    load: async () => (await import("./compose/verb/events.ts")).events,
  },
  {
    names: ["compose stats"],
    group: "What it does",
    summary: "Show what its containers use, live",
    load: async () => (await import("./compose/verb/stats.ts")).stats,
  },
  {
    names: ["compose top"],
    group: "What it does",
    summary: "Show its containers' processes",
    load: async () => (await import("./compose/verb/top.ts")).top,
  },
  {
    names: ["compose port"],
    group: "What it does",
    summary: "Show where a service's port is published",
    load: async () => (await import("./compose/verb/port.ts")).port,
  },
  {
    names: ["compose volumes"],
    group: "What it does",
    summary: "List its volumes",
    load: async () => (await import("./compose/verb/volumes.ts")).volumes,
  },
  {
    names: ["compose run"],
    group: "Inside a service",
    summary: "Run a command in a container of its own, as a service is set up",
    load: async () => (await import("./compose/verb/run.ts")).run,
  },
  {
    names: ["compose exec"],
    group: "Inside a service",
    summary: "Run a command in a service's running container",
    load: async () => (await import("./compose/verb/exec.ts")).exec,
  },
  {
    names: ["compose attach"],
    group: "Inside a service",
    summary: "Join a service's input and output",
    load: async () => (await import("./compose/verb/attach.ts")).attach,
  },
  {
    names: ["compose cp"],
    group: "Inside a service",
    summary: "Copy files into or out of a service's containers",
    load: async () => (await import("./compose/verb/cp.ts")).cp,
  },
  {
    names: ["compose build"],
    group: "Its images",
    summary: "Build services' images",
    load: async () => (await import("./compose/verb/build.ts")).build,
  },
  {
    names: ["compose pull"],
    group: "Its images",
    summary: "Fetch services' images",
    load: async () => (await import("./compose/verb/pull.ts")).pull,
  },
  {
    names: ["compose push"],
    group: "Its images",
    summary: "Send services' images to their registries",
    load: async () => (await import("./compose/verb/push.ts")).push,
  },
  {
    names: ["compose images"],
    group: "Its images",
    summary: "List the images that its containers are made of",
    load: async () => (await import("./compose/verb/images.ts")).images,
  },
  {
    names: ["compose config", "compose convert"],
    group: "The file",
    summary: "Show the file as it is understood: merged, replaced, checked",
    load: async () => (await import("./compose/verb/config.ts")).config,
  },
  {
    names: ["compose version"],
    group: "The file",
    summary: "Show the version",
    load: async () => (await import("./compose/verb/version.ts")).version,
  },
  {
    names: ["compose watch"],
    group: "The file",
    summary: "Act on changes of the sources (still to come)",
    load: async () => (await import("./compose/verb/watch.ts")).watch,
  },
  {
    names: ["events", "system events"],
    group: engine,
    summary: "Show what happens in the engine, live",
    load: async () => (await import("./verb/events.ts")).events,
  },
  {
    names: ["info", "system info"],
    group: engine,
    summary: "Show the engine, its machine and its state",
    load: async () => (await import("./verb/info.ts")).info,
  },
  {
    names: ["version"],
    group: engine,
    summary: "Show the versions of this program and of the engine",
    load: async () => (await import("./verb/version.ts")).version,
  },
  {
    names: ["system df"],
    group: engine,
    summary: "Show the disk space in use",
    load: async () => (await import("./verb/system-df.ts")).df,
  },
  {
    names: ["builder prune", "buildx prune"],
    group: engine,
    summary: "Remove what builds keep for those to come",
    load: async () => (await import("./verb/prune.ts")).builderPrune,
  },
  {
    names: ["builder du", "buildx du"],
    group: engine,
    summary: "Show what builds keep for those to come",
    load: async () => (await import("./verb/builder-du.ts")).builderDu,
  },
  {
    names: ["system prune"],
    group: engine,
    summary: "Remove containers that do not run, images and volumes that nothing uses, and build cache",
    load: async () => (await import("./verb/system-prune.ts")).systemPrune,
  },
  {
    names: ["system dial-stdio"],
    group: engine,
    summary: "Join standard input and output with the engine's socket",
    hidden: true,
    load: async () => (await import("./verb/dial-stdio.ts")).dialStdio,
  },
  {
    names: ["system check"],
    group: engine,
    summary: "Hold what is stored against its records, and repair it",
    load: async () => (await import("./verb/system-check.ts")).check,
  },
  {
    names: ["completion"],
    group: engine,
    summary: "Write a script that lets bash, zsh or fish complete command lines",
    load: async () => (await import("./verb/completion.ts")).completion,
  },
  {
    names: ["__complete"],
    group: engine,
    summary: "Answer what the script of `completion` asks",
    hidden: true,
    load: async () => (await import("./verb/completion.ts")).complete,
  },
  {
    names: ["serve"],
    group: engine,
    summary: "Run the engine itself (it is started by itself when needed)",
    load: async () => (await import("./verb/serve.ts")).serve,
  },
];

/** What stands between a noun and its verb. */
export interface Before extends Partial<NounRules> {
  readonly options: OptionTable;
  readonly words: readonly string[];
}

export interface Found {
  readonly entry: Entry;
  /** The name under which it was found. */
  readonly name: string;
  readonly before: Before;
  /** The words after it. */
  readonly rest: readonly string[];
}

interface NounRules {
  /** Its options, which its verbs have too, and which may stand before them: `compose -f FILE up`. */
  readonly options: OptionTable;
  /** The exit code of a line that cannot be understood, where Docker has another one than elsewhere. */
  readonly usageStatus: 16;
}

const rulesOf: Readonly<Record<string, () => Promise<NounRules>>> = {
  compose: async () => ({
    options: (await import("./compose/options.ts")).composeOptions,
    usageStatus: 16,
  }),
};

const NONE: Before = { options: {}, words: [] };

/** The noun's rules, and how many words of its options stand between it and what comes next. */
export async function beforeVerb(noun: string, words: readonly string[]): Promise<Before> {
  const rules = await rulesOf[noun]?.();
  if (rules === undefined) return NONE;
  const { walk } = await import("./completion/walk.ts");
  const { operands } = walk(rules.options, words, false);
  return { ...rules, words: words.slice(0, words.length - operands.length) };
}

/** The verb that the words begin with: two words for a noun's. */
export async function findVerb(words: readonly string[]): Promise<Found | undefined> {
  const [first = ""] = words;
  const before = await beforeVerb(first, words.slice(1));
  const line = [first, ...words.slice(1 + before.words.length)];
  for (const count of [2, 1]) {
    const name = line.slice(0, count).join(" ");
    const entry = verbs.find(({ names }) => names.includes(name));
    if (entry !== undefined && line.length >= count) return { entry, name, before, rest: line.slice(count) };
  }
  return undefined;
}

/** `container`, `image`, …: what may stand before a verb. */
export const nouns: readonly string[] = [
  ...new Set(
    verbs.flatMap(({ names }) => names.filter((n) => n.includes(" ")).map((n) => n.split(" ")[0] ?? "")),
  ),
];
