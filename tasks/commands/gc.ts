/**
 * `lab gc`: what nobody owns any more goes, and what is too much for the cache. Nothing that a living process owns is
 * touched.
 */
import { sizeText } from '../config/describe.ts'
import { gcStep } from '../upkeep/gc.ts'
import { defineCommand } from './command.ts'
import { DRY_RUN } from './shared/options.ts'
import { labPlaces } from './shared/places.ts'

export const command = defineCommand({
  usage: 'gc',
  about: 'remove leftovers: VMs without an owner, half-written directories',
  options: [DRY_RUN],
  examples: [
    ['lab gc --dry-run', 'what would be removed'],
    ['lab gc', 'after a crash, or when the disk is full'],
  ],
  work: async (session, _args, options) => {
    const dry = options.dryRun === true
    const { removed, elsewhere, cache } = await gcStep(labPlaces(session), session.context, dry)
    const verb = dry ? 'would remove' : 'removed'
    const lines = [
      ...(removed.length === 0 ? ['nothing to remove'] : removed.map((what) => `${verb} ${what}`)),
      ...elsewhere.map(
        (what) =>
          `kept ${what}: it belongs to a lab on another host or in a container, which has shown a sign of life in the last 24 hours; \`lab gc\` there knows whether it is still used`,
      ),
    ]
    const over = cache.bytes > cache.limit ? '; the rest was used in the last hour, or is in use' : ''
    return {
      text: [...lines, `cache: ${sizeText(cache.bytes)} of ${sizeText(cache.limit)} (LAB_CACHE_LIMIT)${over}`].join(
        '\n',
      ),
      data: { [dry ? 'wouldRemove' : 'removed']: removed, elsewhere, cache },
    }
  },
})
