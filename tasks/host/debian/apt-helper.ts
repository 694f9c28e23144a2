/** apt's own program for fetching a file: with its proxies and certificates. */

/** Takes a URI, the file to write and, if it is to verify it, "SHA256:HASH"; and so on for more files. */
export const APT_HELPER: readonly string[] = [
  '/usr/lib/apt/apt-helper',
  ...['Acquire::http::Timeout=5', 'Acquire::https::Timeout=5', 'Acquire::Retries=0'].flatMap((option) => [
    '-o',
    option,
  ]),
  'download-file',
]

/**
 * The address of a file below an archive's. A "+" in a query is a blank; in a path some servers take it for one too.
 */
export const uriOf = (base: string, path: string): string => `${base}${path.replaceAll('+', '%2B')}`
