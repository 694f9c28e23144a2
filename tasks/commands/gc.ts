/** `lab gc`: what nobody owns any more goes. Nothing that a living process owns is touched. */
import { gcStep } from '../gc.ts'
import { openApp } from './app.ts'
import type { CommandModule } from './index.ts'

export const work: CommandModule['work'] = async (session, _args, options) => {
  const { places, context } = openApp(session)
  const dry = options['dryRun'] === true
  const removed = await gcStep(places, context, dry)
  const verb = dry ? 'would remove' : 'removed'
  return {
    text: removed.length === 0 ? 'nothing to remove' : removed.map((what) => `${verb} ${what}`).join('\n'),
    data: { [dry ? 'wouldRemove' : 'removed']: removed },
  }
}
