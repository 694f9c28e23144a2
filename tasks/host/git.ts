/** Kernel sources out of git: a bare mirror in the cache, and one commit of it as a tree. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../engine/context.ts'
import { Failure, messageOf, userError } from '../engine/error.ts'
import { hashText } from '../engine/fingerprint.ts'
import { saysNoSuchRef } from '../engine/outside-words.ts'
import { unavailable } from './download.ts'
import { run } from './sh.ts'

const mirrorOf = (cache: string, url: string) => join(cache, 'git', hashText(url).slice(0, 16))

/** Never asks for a password and never runs a hook or a helper of the repository's choosing. */
const GIT = ['git', '-c', 'core.hooksPath=/dev/null', '-c', 'protocol.ext.allow=never']
const ENV = { GIT_TERMINAL_PROMPT: '0' }

/** Fetches one ref (depth 1) into the mirror and returns its commit. */
export async function gitCommit(url: string, ref: string, { cache, signal }: Context, place: string): Promise<string> {
  const dir = mirrorOf(cache, url)
  await mkdir(dir, { recursive: true })
  try {
    await run([...GIT, 'init', '--quiet', '--bare', dir], { signal, place, env: ENV })
    await run([...GIT, '-C', dir, 'fetch', '--quiet', '--depth=1', '--', url, ref], { signal, place, env: ENV })
    const { stdout } = await run([...GIT, '-C', dir, 'rev-parse', '--verify', 'FETCH_HEAD^{commit}'], {
      signal,
      place,
      env: ENV,
    })
    return stdout.trim()
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    // The repository answered, so that no fallback is due.
    if (error.parts.lines?.some(saysNoSuchRef) === true)
      throw userError(
        { place, fact: `${url} has no ref ${ref}`, wayOut: `git ls-remote ${url} lists its branches and tags` },
        error,
      )
    throw unavailable({
      place,
      fact: `git cannot fetch ${ref} of ${url}`,
      lines: error.parts.lines ?? [messageOf(error)],
      wayOut: 'check address and ref, or name a `fallback:` kernel',
    })
  }
}

/** Writes the tree of a commit to `dir`. */
export async function gitExport(
  url: string,
  commit: string,
  dir: string,
  { cache, signal }: Context,
  place: string,
): Promise<void> {
  const archive = `${dir}.tar`
  await run([...GIT, '-C', mirrorOf(cache, url), 'archive', '--format=tar', '-o', archive, commit], {
    signal,
    place,
    env: ENV,
  })
  await run(['tar', '--extract', '--file', archive, '--directory', dir, '--no-same-owner'], { signal, place })
  await rm(archive, { force: true })
}
