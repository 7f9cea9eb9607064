import type { Instruction, MountFlag } from "./instruction.ts";
import type { Heredoc, Word } from "./word.ts";

type KindOf<Kind extends Instruction["kind"]> = Extract<Instruction, { readonly kind: Kind }>;

const ofMount = ({ fields }: MountFlag): Word[] =>
  fields.flatMap(({ value }) => (value === undefined ? [] : [value]));

const present = (...words: (Word | undefined)[]): Word[] => words.filter((word) => word !== undefined);

type Copying = KindOf<"copy"> | KindOf<"add">;

const ofCopy = ({ sources, destination, chown, chmod, exclude }: Copying) => [
  ...sources.map((source) => ("path" in source ? source.path : source.heredoc)),
  ...present(destination, chown, chmod),
  ...exclude,
];

const none = (): Word[] => [];

const parts: { [Kind in Instruction["kind"]]: (instruction: KindOf<Kind>) => (Word | Heredoc)[] } = {
  add: (instruction) => [...ofCopy(instruction), ...present(instruction.checksum)],
  arg: ({ pairs }) => pairs.flatMap(({ key, value }) => present(key, value)),
  cmd: none,
  copy: ofCopy,
  entrypoint: none,
  env: ({ pairs }) => pairs.flatMap(({ key, value }) => [key, value]),
  expose: ({ words }) => [...words],
  healthcheck: none,
  label: ({ pairs }) => pairs.flatMap(({ key, value }) => [key, value]),
  maintainer: none,
  onbuild: none,
  run: ({ mounts }) => mounts.flatMap(ofMount),
  shell: none,
  stopsignal: ({ word }) => [word],
  user: ({ word }) => [word],
  volume: ({ words }) => [...words],
  workdir: ({ word }) => [word],
};

/**
 * All that the builder expands in an instruction (reference, "Environment replacement"). What RUN, CMD and ENTRYPOINT
 * say is the shell's to expand; a trigger is expanded where it is triggered.
 */
export function expandableOf(instruction: Instruction): (Word | Heredoc)[] {
  return (parts[instruction.kind] as (instruction: Instruction) => (Word | Heredoc)[])(instruction);
}
