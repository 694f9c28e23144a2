/** `lab check`: the whole lab file, before anything else. */
import { openApp } from './app.ts'
import type { CommandModule } from './index.ts'

export const work: CommandModule['work'] = async (session) => {
  const { lab } = openApp(session)
  const count = {
    kernels: Object.keys(lab.kernels),
    images: Object.keys(lab.images),
    vms: Object.keys(lab.vms),
    probes: Object.keys(lab.probes),
    experiments: Object.keys(lab.experiments),
  }
  const text = Object.entries(count).map(([kind, names]) => `${kind.padEnd(12)} ${names.join(', ')}`)
  return await Promise.resolve({
    text: [`${lab.file} is right`, ...text].join('\n'),
    data: { file: lab.file, lab: lab.name, ...count },
  })
}
