/** What a command would do, and why, without doing it: for `lab plan` and `--dry-run`. */
import type { ResolvedImage, ResolvedKernel } from '../config/resolved.ts'
import type { Context } from '../engine/context.ts'
import { imageInputs } from './image/image.ts'
import { kernelFingerprint, whyBuild } from './kernel/identity.ts'
import { changesSince } from './changes-since.ts'
import { fingerprintOf } from '../engine/fingerprint.ts'
import { KERNEL_BUILD, missingRequirements } from '../host/packages.ts'
import { prebuiltSource, prebuiltTitle } from './kernel/prebuilt/identity.ts'

export interface Forecast {
  readonly step: string
  readonly will: 'restore' | 'build' | 'boot' | 'run' | 'use' | 'install' | 'fetch'
  readonly why: string
  /** Of a kernel or an image: names what it is made of, and so what a cache of it is good for. */
  readonly fingerprint?: string
}

/** @param override a tree that is built in place of the declared source */
export async function kernelForecast(kernel: ResolvedKernel, context: Context, override?: string): Promise<Forecast> {
  const step = `kernel ${kernel.name}`
  const prebuilt = prebuiltSource(kernel)
  if (!prebuilt && missingRequirements(KERNEL_BUILD).some(({ needs }) => ['gcc', 'ld', 'make'].includes(needs)))
    return { step, will: 'build', why: 'the compiler is not installed yet' }
  const { fingerprint, inputs } = await kernelFingerprint(kernel, context, override)
  return (await context.store.get('kernel', fingerprint))
    ? {
        step,
        will: 'restore',
        why: prebuilt ? 'already in the cache' : 'the same inputs were built before',
        fingerprint,
      }
    : prebuilt
      ? { step, will: 'fetch', why: `prebuilt, not in the cache: ${prebuiltTitle(prebuilt)}`, fingerprint }
      : { step, will: 'build', why: await whyBuild(inputs, context), fingerprint }
}

export async function imageForecast(image: ResolvedImage, context: Context): Promise<Forecast> {
  const step = `image ${image.name}`
  const inputs = await imageInputs(image, context.toolRoot)
  const fingerprint = fingerprintOf(inputs)
  if (await context.store.get('image', fingerprint))
    return { step, will: 'restore', why: 'the same recipe was built before', fingerprint }
  const before = await context.store.newest('image', (other) => other['suite'] === inputs['suite'])
  return {
    step,
    will: 'build',
    why: before ? changesSince(before.inputs, inputs) : 'not built here before',
    fingerprint,
  }
}
