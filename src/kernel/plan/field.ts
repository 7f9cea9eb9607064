/**
 * What a field of an operation or of a frame may be. Everything is little endian; a text is u32 length, bytes, NUL
 * and holds no other NUL; a list is u32 count and its members. Lengths are u32 everywhere (R23).
 */
export type Field =
  | { readonly type: "u8" | "u16" | "u32" | "i32" | "u64"; readonly optional?: true }
  | { readonly type: "flag" | "text" | "texts" | "u32s" | "bytes"; readonly optional?: true }
  /** For people and for the verifier only: never sent. */
  | { readonly type: "note" }
  /** One of the named values, sent as u8. */
  | { readonly type: "choice"; readonly of: Readonly<Record<string, number>>; readonly optional?: true }
  /** A descriptor that this operation makes. */
  | { readonly type: "defines"; readonly kind: SlotKind }
  /** A descriptor that an earlier operation made. */
  | { readonly type: "uses"; readonly kinds: readonly SlotKind[]; readonly optional?: true }
  /** Frames only. */
  | { readonly type: "ops" | "acts" | "records" };

/**
 * What a slot's descriptor is: `path` an O_PATH descriptor; `file` open for reading, `writable` for appending; `tree`
 * a mount of its own (detached until it is attached); `cgroup` a cgroup's folder.
 */
export type SlotKind = "path" | "file" | "writable" | "fifo" | "tree" | "cgroup" | "pidfd";

/** Slots are named by small integers, which the compiler of a plan hands out. */
export type Slot = number;

/** How an absent number is sent, by width; an absent text is empty. */
export const ABSENT = { u8: 0xff, u16: 0xffff, u32: 0xffffffff } as const;

interface Values {
  u8: number;
  u16: number;
  u32: number;
  i32: number;
  u64: bigint;
  flag: boolean;
  text: string;
  note: string;
  texts: readonly string[];
  u32s: readonly number[];
  bytes: Uint8Array;
  defines: Slot;
  uses: Slot;
}

export type ValueOf<F extends Field> = F extends { readonly type: "choice"; readonly of: infer C }
  ? keyof C & string
  : F["type"] extends keyof Values
    ? Values[F["type"]]
    : never;

type OptionalKeys<Fields> = {
  [K in keyof Fields]: Fields[K] extends { readonly optional: true } ? K : never;
}[keyof Fields];

/** The TypeScript face of a table of fields. */
export type Shape<Fields extends Readonly<Record<string, Field>>> = {
  readonly [K in Exclude<keyof Fields, OptionalKeys<Fields>>]: ValueOf<Fields[K]>;
} & { readonly [K in OptionalKeys<Fields>]?: ValueOf<Fields[K]> | undefined };

export const u16 = { type: "u16" } as const;
export const u32 = { type: "u32" } as const;
export const i32 = { type: "i32" } as const;
export const u64 = { type: "u64" } as const;
export const flag = { type: "flag" } as const;
export const text = { type: "text" } as const;
export const texts = { type: "texts" } as const;
export const u32s = { type: "u32s" } as const;
export const bytes = { type: "bytes" } as const;
export const note = { type: "note" } as const;

export const optional = <F extends Field>(field: F): F & { readonly optional: true } => ({
  ...field,
  optional: true,
});

export const choice = <const C extends Readonly<Record<string, number>>>(of: C) =>
  ({ type: "choice", of }) as const;

export const defines = <const K extends SlotKind>(kind: K) => ({ type: "defines", kind }) as const;

export const uses = <const K extends readonly SlotKind[]>(...kinds: K) => ({ type: "uses", kinds }) as const;
