/** The architectures that filters are assembled for: the native ones and their 32-bit twins. */
export type Architecture = "x86_64" | "aarch64" | "i386" | "arm";
export type NativeArchitecture = "x86_64" | "aarch64";

interface ArchitectureFacts {
  /** include/uapi/linux/audit.h: what seccomp_data.arch holds. */
  readonly audit: number;
  readonly bits: 32 | 64;
  readonly oci: string;
  /** How a profile's `arches` names it. */
  readonly profile: string;
  /**
   * The last number handed out before Linux 5.1, from which on a new call has one number everywhere (424 and up;
   * 403 to 423 are the 64-bit time calls of 32-bit architectures).
   */
  readonly lastBefore51: number;
}

export const ARCHITECTURES: { readonly [A in Architecture]: ArchitectureFacts } = {
  x86_64: { audit: 0xc000003e, bits: 64, oci: "SCMP_ARCH_X86_64", profile: "amd64", lastBefore51: 334 },
  i386: { audit: 0x40000003, bits: 32, oci: "SCMP_ARCH_X86", profile: "x86", lastBefore51: 386 },
  aarch64: { audit: 0xc00000b7, bits: 64, oci: "SCMP_ARCH_AARCH64", profile: "arm64", lastBefore51: 294 },
  arm: { audit: 0x40000028, bits: 32, oci: "SCMP_ARCH_ARM", profile: "arm", lastBefore51: 401 },
};

/** A process of the native architecture may enter the kernel through the twin as well (R22). */
export const TWIN: { readonly [A in NativeArchitecture]: Architecture } = { x86_64: "i386", aarch64: "arm" };

/**
 * Every name of config-linux.md. Rules hold for the native architecture and its twin whichever of them are listed (R22);
 * of the others no process can run here, and the filter kills one that claims to.
 */
export const KNOWN_ARCHITECTURES: ReadonlySet<string> = new Set(
  "X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB"
    .split(" ")
    .map((name) => `SCMP_ARCH_${name}`),
);

/** The architecture of this process, as system call tables name it. */
export function nativeArchitecture(): NativeArchitecture {
  return process.arch === "arm64" ? "aarch64" : "x86_64";
}
