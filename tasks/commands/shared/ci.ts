/** Tells a CI system how experiments ended: a JUnit file, and what GitHub Actions shows. */
import { appendFile, writeFile } from 'node:fs/promises'
import { beside } from '../../engine/beside.ts'
import { messageOf, userError } from '../../engine/error.ts'
import { githubAnnotations, githubSummary, junitXml, suiteOf } from './junit.ts'
import type { Ran } from './run-each.ts'

/**
 * @returns lines for stdout: GitHub reads its commands there
 * @param junit the file to write, if any
 * @param env GITHUB_ACTIONS and GITHUB_STEP_SUMMARY (docs.github.com, "Default environment variables")
 * @throws a user's Failure where the summary's file cannot be written
 */
export async function tellCi(
  ran: readonly Ran[],
  junit: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cache: string,
): Promise<string[]> {
  const suites = ran.map(suiteOf)
  if (junit !== undefined) await beside(cache, junit, (partial) => writeFile(partial, junitXml(suites)))
  if (env['GITHUB_ACTIONS'] !== 'true') return []
  const summary = env['GITHUB_STEP_SUMMARY']
  if (summary !== undefined && summary !== '') await addSummary(summary, githubSummary(suites))
  return githubAnnotations(suites)
}

async function addSummary(summary: string, text: string): Promise<void> {
  await appendFile(summary, text).catch((error: unknown) => {
    throw userError(
      { place: 'GITHUB_STEP_SUMMARY', fact: `${summary} cannot be written: ${messageOf(error)}`, wayOut: 'unset it' },
      error,
    )
  })
}
