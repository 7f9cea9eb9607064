export type UsageStatus = 1 | 16 | 64 | 125;

/** A command line that cannot be understood. `status`: Docker's, 125 for an option, 16 for one of compose, 64 for a template, 1 for the rest. */
export class UsageError extends Error {
  readonly status: UsageStatus;

  constructor(message: string, status: UsageStatus = 125) {
    super(message);
    this.name = "UsageError";
    this.status = status;
  }
}
