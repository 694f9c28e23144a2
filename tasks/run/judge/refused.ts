/** A program that this kernel will not take. */

/** A program that cannot be attached. */
export interface Refused {
  readonly probe: string
  readonly program: string
  readonly section: string
}
