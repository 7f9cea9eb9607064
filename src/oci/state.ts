/** The state of a container as the OCI runtime specification 1.3 prints it (runtime.md, "State"). */
export interface OciState {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: "creating" | "created" | "running" | "stopped";
  /** Present while the container's process exists. */
  readonly pid?: number;
  readonly bundle: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
