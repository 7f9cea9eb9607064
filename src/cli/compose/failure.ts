/** Of a run of steps; the exit code is docker compose's. */
export class RunFailed extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.name = "RunFailed";
    this.status = status;
  }
}
