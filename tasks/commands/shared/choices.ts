/** `--kernel`, `--source` and `--accel` as the choices of a step. */
import type { Choices } from '../../build/artefacts.ts'

export const choicesOf = ({ kernel, source, accel }: Partial<Choices>): Choices => ({ kernel, source, accel })
