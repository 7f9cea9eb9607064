/**
 * A verb's options are a table; its parser, its help and its messages all read it. The long name is the key:
 * `{ all: flag("Show all containers", { short: "a" }) }`.
 */
interface Common {
  readonly help: string;
  /** One letter. */
  readonly short?: string;
  /** The heading in the help under which it stands. */
  readonly group?: string;
  /** Understood, but left out of the help: Docker's options that ask for what is so anyway. */
  readonly hidden?: boolean;
  /** The values that there are, or the most usual ones: for completion. */
  readonly words?: readonly string[];
}

export interface FlagOption extends Common {
  readonly kind: "flag";
  readonly default: boolean;
}

export interface TextOption extends Common {
  readonly kind: "text";
  /** The name of the value in the help: `FILE`. */
  readonly value: string;
  readonly default: string | undefined;
}

export interface ListOption extends Common {
  readonly kind: "list";
  readonly value: string;
}

/** A value that a parser turns into something; the parser throws an Error that says why it cannot. */
export interface ReadOption<T> extends Common {
  readonly kind: "read";
  readonly value: string;
  readonly default: T | undefined;
  readonly read: (text: string) => T;
}

export type Option = FlagOption | TextOption | ListOption | ReadOption<unknown>;

export type OptionTable = Readonly<Record<string, Option>>;

export type ValueOf<O extends Option> = O extends FlagOption
  ? boolean
  : O extends TextOption
    ? O["default"] extends string
      ? string
      : string | undefined
    : O extends ListOption
      ? readonly string[]
      : O extends ReadOption<infer T>
        ? T | undefined
        : never;

/** What the parser answers for a table. */
export type Values<T extends OptionTable> = { readonly [K in keyof T]: ValueOf<T[K]> };

type More = Omit<Common, "help">;

export const flag = (help: string, more: More & { default?: boolean } = {}): FlagOption => ({
  kind: "flag",
  default: false,
  help,
  ...more,
});

export const text = (value: string, help: string, more: More = {}): TextOption & { default: undefined } => ({
  kind: "text",
  value,
  help,
  default: undefined,
  ...more,
});

export const list = (value: string, help: string, more: More = {}): ListOption => ({
  kind: "list",
  value,
  help,
  ...more,
});

export const read = <T>(
  value: string,
  parse: (text: string) => T,
  help: string,
  more: More & { default?: T } = {},
): ReadOption<T> => ({ kind: "read", value, read: parse, help, default: undefined, ...more });
