/**
 * Collapsible sections in the log of a GitLab job (docs.gitlab.com, "Custom collapsible sections"): marks with a time
 * in seconds and a name, each on a line that a terminal clears.
 */
const CLEAR = '\u001B[0K'

/** Letters, digits, `_`, `.` and `-` alone may be in a name. */
const nameOf = (step: string): string => step.replaceAll(/[^\w.-]+/g, '_')

const seconds = (now: number): number => Math.floor(now / 1000)

/** @param now milliseconds since 1970 @param title printable */
export const sectionStart = (step: string, title: string, now: number): string =>
  `${CLEAR}section_start:${seconds(now)}:${nameOf(step)}[collapsed=true]\r${CLEAR}${title}\n`

export const sectionEnd = (step: string, now: number): string =>
  `${CLEAR}section_end:${seconds(now)}:${nameOf(step)}\r${CLEAR}\n`

/**
 * Steps that are sections: experiments come one after the other, whereas builds go on side by side, and GitLab's
 * sections cannot overlap.
 */
export const isSection = (step: string): boolean => step.startsWith('experiment ')
