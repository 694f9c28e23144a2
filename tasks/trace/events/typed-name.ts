/**
 * Name of the table of a channel of typed events, beside events.parquet. In a file of its own: what only lists runs
 * loads nothing else.
 */
export const typedFile = (name: string): string => `events.${name}.parquet`

/** Name of its view in lab query. */
export const typedView = (name: string): string => `events_${name}`
